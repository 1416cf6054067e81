import { fstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { type FileIo, SYSTEM_IO } from '../../src/store/files/append-file.ts'
import { GROUP_MAX_BYTES, type OpenStoreOptions, openStore, RECORD_MAX_BYTES, type Store } from '../../src/store/index.ts'
import { openStoreWith } from '../../src/store/open-store.ts'
import { prepareRaw } from './support/raw-record.ts'
import { appendSpans, hexOf, openForTest, prepareSpan, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

/** System calls of the write path that fail when told to. */
class FaultyIo implements FileIo {
  /** Calls from now on that fail, by name; a write that fails has written half. */
  readonly failing = new Map<'write' | 'fdatasync' | 'truncate', { code: string; times: number }>()
  readonly synced: number[] = []
  readonly failedFiles = new Set<string>()
  /** Files whose next sync fails. */
  readonly failingFiles = new Set<string>()
  #gate: Promise<void> | undefined

  /** Holds every sync back until what it returns is called. */
  close(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = promise
    return resolve
  }

  #fails(call: 'write' | 'fdatasync' | 'truncate', fd: number): boolean {
    const fault = this.failing.get(call)
    if (fault === undefined || fault.times === 0) return false
    fault.times--
    this.failedFiles.add(identityOf(fd))
    return true
  }

  #failsOnce(fd: number): boolean {
    const file = identityOf(fd)
    if (!this.failingFiles.delete(file)) return false
    this.failedFiles.add(file)
    return true
  }

  #error(call: 'write' | 'fdatasync' | 'truncate'): Error {
    const code = this.failing.get(call)?.code ?? 'EIO'
    return Object.assign(new Error(`${code}: injected, ${call}`), { code })
  }

  async write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    if (this.#fails('write', fd)) {
      await SYSTEM_IO.write(fd, bytes, offset, Math.floor(length / 2), position)
      throw this.#error('write')
    }
    // A short write, as a full pipe or a signal gives it.
    return await SYSTEM_IO.write(fd, bytes, offset, Math.max(1, Math.floor(length / 2)), position)
  }

  async fdatasync(fd: number): Promise<void> {
    if (this.failedFiles.has(identityOf(fd))) throw new Error('a file was synced again after it had failed')
    this.synced.push(fd)
    await this.#gate
    if (this.#fails('fdatasync', fd) || this.#failsOnce(fd)) throw this.#error('fdatasync')
    await SYSTEM_IO.fdatasync(fd)
  }

  truncate(fd: number, length: number): void {
    if (this.#fails('truncate', fd)) throw this.#error('truncate')
    SYSTEM_IO.truncate(fd, length)
  }
}

/** Of the file itself: a number of a closed one is soon used again. */
function identityOf(file: number | string): string {
  const { ino, birthtimeNs } = typeof file === 'number' ? fstatSync(file, { bigint: true }) : statSync(file, { bigint: true })
  return `${ino} ${birthtimeNs}`
}

async function openFaulty(dir: string, options: Partial<OpenStoreOptions> = {}): Promise<{ store: Store; io: FaultyIo }> {
  const io = new FaultyIo()
  const store = await openStoreWith(dir, { mode: 'write', ...options }, io)
  onTestFinished(() => store.close())
  return { store, io }
}

describe('concurrent appends', () => {
  test('share a group while a commit is under way, each resolves with its group, in order', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const results = await Promise.all(Array.from({ length: 200 }, (_, index) => appendSpans(store, sketchOf(RUN, index))))
    const groups = results.map(({ group }) => group)
    expect(groups).toEqual([...groups].sort((left, right) => left - right))
    expect(store.tape.head().group).toBe(groups.at(-1))
    expect(new Set(groups).size).toBeLessThan(20)
    const spans = (await readAllLines(store)).map((line) => JSON.parse(line).core.sequence)
    expect(spans).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect((await store.checkStore()).problems).toEqual([])
  })

  test('are durable before they resolve, pack and segment waited for together', async () => {
    const dir = temporaryFolder()
    const { store, io } = await openFaulty(dir)
    const open = io.close()
    let done = false
    const append = appendSpans(store, { content: { input: '"x"' } }).then(() => {
      done = true
    })
    await vi.waitFor(() => expect(io.synced).toHaveLength(2))
    expect(new Set(io.synced).size).toBe(2)
    expect(done).toBe(false)
    expect(statSync(join(dir, 'blobs', 'packs', '00000001.zst')).size).toBeGreaterThan(0)
    expect(statSync(join(dir, 'segments', '00000000.zst')).size).toBeGreaterThan(0)
    expect(store.tape.head().group).toBe(-1)
    expect(store.blobs.has(digestOf('"x"'))).toBe(false)
    open()
    await append
    expect(io.synced).toHaveLength(2)
    expect(store.blobs.has(digestOf('"x"'))).toBe(true)
  })

  test.each([
    ['neither', []],
    ['its pack', ['blobs/packs/00000001.zst']],
    ['its segment', ['segments/00000000.zst']],
    ['both', ['blobs/packs/00000001.zst', 'segments/00000000.zst']],
  ])(
    'that come while a group waits for the disk share the next one; where %s fails to sync, the group alone is refused',
    async (_, files) => {
      const dir = temporaryFolder()
      const { store, io } = await openFaulty(dir)
      const append = (index: number, content = `"of ${index}"`): Promise<{ group: number }> =>
        appendSpans(store, sketchOf(RUN, index, { content: { input: content } }))
      await append(0)
      const open = io.close()
      const first = append(1)
      // Of pack and segment for each group so far.
      await vi.waitFor(() => expect(io.synced).toHaveLength(4))
      // One of them refers to what may never be there.
      const later = [append(2), append(3), append(4, '"of 1"')]
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(io.synced).toHaveLength(4)
      expect(store.tape.head().group).toBe(0)
      for (const file of files) io.failingFiles.add(identityOf(join(dir, file)))
      open()
      const settled = await Promise.allSettled([first, ...later])
      const fails = files.length > 0
      const next = { value: { group: fails ? 1 : 2 } }
      expect(settled).toMatchObject([
        fails ? { reason: { code: 'store_write_failed', retryable: true } } : { value: { group: 1 } },
        next,
        next,
        next,
      ])
      await store.close()
      const again = await openForTest(dir)
      expect(again.recovered.cut).toEqual([])
      expect((await again.checkStore()).problems).toEqual([])
      const sequences = (await readAllLines(again)).map((line) => JSON.parse(line).core.sequence)
      expect(sequences.filter((sequence) => sequence !== undefined)).toEqual(fails ? [0, 2, 3, 4] : [0, 1, 2, 3, 4])
      for (const index of [0, 1, 2, 3]) expect(again.blobs.read(digestOf(`"of ${index}"`)).toString()).toBe(`"of ${index}"`)
    },
  )

  test('past the queue bound are refused for now, and nothing else is lost', async () => {
    const dir = temporaryFolder()
    const { store, io } = await openFaulty(dir, { queueMaxBytes: 20_000 })
    const open = io.close()
    const settled = Promise.allSettled(Array.from({ length: 40 }, (_, index) => appendSpans(store, sketchOf(RUN, index))))
    await new Promise((resolve) => setTimeout(resolve, 10))
    open()
    const results = await settled
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused.length).toBeGreaterThan(10)
    for (const reason of refused) expect(reason).toMatchObject({ code: 'limit_exceeded', retryable: true })
    expect(await readAllLines(store)).toHaveLength(40 - refused.length)
    await appendSpans(store, sketchOf(RUN, 99))
    // Alone, a batch over the bound passes.
    await appendSpans(store, ...Array.from({ length: 60 }, (_, index) => sketchOf(hexOf(32, 'large'), index)))
    expect(await readAllLines(store)).toHaveLength(40 - refused.length + 61)
  })

  test('of more than a group holds span several, and a record that fits in none is refused alone', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const name = 'n'.repeat(1024 * 1024)
    const { group } = await appendSpans(store, ...Array.from({ length: 20 }, (_, index) => sketchOf(RUN, index, { name })))
    expect(group).toBe(2)
    for await (const { lines } of store.tape.readGroups(0))
      expect(lines.reduce((sum, line) => sum + line.length + 1, 0)).toBeLessThanOrEqual(GROUP_MAX_BYTES)
    const frame = prepareSpan({ name: '' }).record.line.length
    const exact = prepareSpan({ name: 'x'.repeat(RECORD_MAX_BYTES - frame) }).record
    expect(exact.line.length).toBe(RECORD_MAX_BYTES)
    await store.append({ records: [exact], blobs: [] })
    const over = prepareSpan({ name: 'x'.repeat(RECORD_MAX_BYTES - frame + 1) }).record
    await expect(store.append({ records: [over], blobs: [] })).rejects.toMatchObject({ code: 'limit_exceeded', retryable: false })
    expect(await readAllLines(store)).toHaveLength(21)
    expect((await store.checkStore()).problems).toEqual([])
  })

  test.each([
    ['is not around its core', (line: string) => line.replace('{"core":', '{"Core":')],
    ['has a line end', (line: string) => line.replace('answer', 'ans\nwer')],
    ['has another core', (line: string) => line.replace('answer', 'answers')],
  ])('whose line %s are refused', async (_, change) => {
    const store = await openForTest(temporaryFolder())
    const { record } = prepareSpan()
    await expect(store.append({ records: [{ ...record, line: change(record.line) }], blobs: [] })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('after close are refused, before it are finished', async () => {
    const dir = temporaryFolder()
    const store = await openStore(dir, { mode: 'write' })
    const before = Array.from({ length: 10 }, (_, index) => appendSpans(store, sketchOf(RUN, index)))
    await store.close()
    await store.close()
    await expect(appendSpans(store, sketchOf(RUN, 11))).rejects.toMatchObject({ code: 'store_closed' })
    await Promise.all(before)
    const reader = await openStore(dir, { mode: 'read' })
    expect(await readAllLines(reader)).toHaveLength(10)
    await expect(appendSpans(reader, sketchOf(RUN, 11))).rejects.toMatchObject({ code: 'invalid_argument' })
    await reader.close()
  })
})

describe.each(['write', 'fdatasync'] as const)('when %s fails', (call) => {
  // The calls of one append with a blob: pack, then segment. The n-th of them fails.
  test.each([
    ['the pack', 0],
    ['the segment', 1],
  ])('on %s, callers are told, nothing of theirs counts, and the next append goes to a fresh file', async (_, nth) => {
    for (const [truncates, indexThread] of [
      [true, false],
      [false, false],
      [false, true],
    ] as const) {
      const dir = temporaryFolder()
      const { store, io } = await openFaulty(dir, { indexThread })
      await appendSpans(store, sketchOf(RUN, 0, { content: { input: '"first"' } }))
      const lost = prepareSpan(sketchOf(RUN, 1, { content: { input: '"lost"' } }))
      const original = io[call].bind(io)
      let calls = 0
      // Armed so that exactly the n-th file's call fails.
      io[call] = (async (...parameters: Parameters<FileIo['write']>) => {
        const first = call === 'fdatasync' || parameters[2] === 0
        if (first && calls++ === nth) io.failing.set(call, { code: call === 'write' ? 'ENOSPC' : 'EIO', times: 1 })
        return await (original as (...parameters: unknown[]) => Promise<unknown>)(...parameters)
      }) as never
      if (!truncates) io.failing.set('truncate', { code: 'EIO', times: 1 })
      const both = await Promise.allSettled([
        store.append({ records: [lost.record], blobs: lost.blobs }),
        appendSpans(store, sketchOf(RUN, 2)),
      ])
      for (const result of both) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'store_write_failed', retryable: true, details: { system: call === 'write' ? 'ENOSPC' : 'EIO' } },
        })
      }
      expect(store.tape.head().group).toBe(0)
      expect(await readAllLines(store)).toHaveLength(1)
      // Whoever follows the tape must not have seen what failed.
      await store.index.catchUp()
      expect(store.index.listSteps(RUN, { limit: 10 }).steps).toHaveLength(1)
      await store.append({ records: [lost.record], blobs: lost.blobs })
      await appendSpans(store, sketchOf(RUN, 3, { content: { input: '"third"' } }))
      expect((await store.checkStore()).problems).toEqual([])
      expect(store.blobs.read(digestOf('"lost"')).toString()).toBe('"lost"')
      await store.index.catchUp()
      const shown = store.index.listSteps(RUN, { limit: 10 }).steps.map(({ core }) => core.sequence)
      expect(shown).toEqual([0, 1, 3])
      await store.close()
      const again = await openForTest(dir)
      expect((await again.checkStore()).problems).toEqual([])
      const cores = (await readAllLines(again)).map((line) => JSON.parse(line).core)
      expect(cores.flatMap(({ schema, sequence }) => (schema === 'reprise.span/1' ? [sequence] : []))).toEqual([0, 1, 3])
      // What was refused is told, once.
      expect(cores.filter(({ schema }) => schema === 'reprise.gap/1')).toEqual([
        { schema: 'reprise.gap/1', namespace: 'local', reason: call === 'write' ? 'disk-full' : 'disk-error', count: 2 },
      ])
      expect(again.index.listSteps(RUN, { limit: 10 }).steps).toHaveLength(3)
    }
  })

  test('for a while, one file is left of all the tries', async () => {
    const dir = temporaryFolder()
    const { store, io } = await openFaulty(dir)
    io.failing.set(call, { code: 'ENOSPC', times: 25 })
    let failures = 0
    for (;;) {
      try {
        await appendSpans(store, sketchOf(RUN, 0, { content: { input: '"x"' } }))
        break
      } catch {
        failures++
      }
    }
    // Pack and segment of a group are synced together, and both fail.
    expect(failures).toBe(call === 'write' ? 25 : 13)
    expect(readdirSync(join(dir, 'segments'))).toEqual(['00000000.zst'])
    expect(readdirSync(join(dir, 'blobs', 'packs')).filter((name) => name.endsWith('.zst'))).toHaveLength(1)
    expect((await store.checkStore()).problems).toEqual([])
    expect(readFileSync(join(dir, 'segments', '00000000.zst')).length).toBeGreaterThan(100)
  })
})

test('payloads that the store has already, between new ones of one batch, leave those where the index of the pack says', async () => {
  const store = await openForTest(temporaryFolder())
  const made = [1, 2, 3, 4, 5, 6].map((number) => prepareRaw(number, Buffer.from(`payload ${number}`)))
  const append = (numbers: readonly number[]): Promise<unknown> => {
    const chosen = numbers.map((number) => made[number - 1]!)
    return store.append({ records: chosen.map(({ record }) => record), blobs: chosen.map(({ blob }) => blob) })
  }
  await append([2, 5])
  // Two batches in one group: neighbours within a batch, and a gap in each.
  await Promise.all([append([1, 2, 3]), append([4, 5, 6])])
  for (const [index, { digest }] of made.entries()) expect(store.blobs.read(digest).toString()).toBe(`payload ${index + 1}`)
  expect((await store.checkStore()).problemCount).toBe(0)
})
