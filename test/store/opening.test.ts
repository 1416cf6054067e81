import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTicksOf } from '../../src/store/files/process-identity.ts'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

async function startHolder(dir: string): Promise<ChildProcess> {
  const child = fork(new URL('support/holder.ts', import.meta.url), [dir], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [message] = await once(child, 'message')
  expect(message).toBe('open')
  return child
}

describe('the lock', () => {
  test('of another process is told by pid, host and what started it; readers need none', async () => {
    const dir = temporaryFolder()
    const child = await startHolder(dir)
    const error = await openStore(dir, { mode: 'write' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'store_locked',
      retryable: true,
      details: { pid: child.pid, host: hostname(), startedBy: 'the holder' },
    })
    expect(String(error)).toMatch(
      new RegExp(`process ${child.pid} on ${hostname()} \\(the holder\\) since 20[0-9]{2}-[0-9T:.-]+Z; one store has one writer`),
    )
    const reader = await openStore(dir, { mode: 'read' })
    expect(reader.tape.head().group).toBe(0)
    await reader.close()
  })

  test('of a writer does not hold a copy of its folder', async () => {
    const dir = temporaryFolder()
    await startHolder(dir)
    const copy = join(temporaryFolder(), 'copy')
    cpSync(dir, copy, { recursive: true })
    const store = await openStore(copy, { mode: 'write' })
    await store.close()
    // The same folder without the file that the kernel's lock is on: the text still tells.
    rmSync(join(dir, 'lock.db'))
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'store_locked' })
  })

  test('of a process that was killed is taken over', async () => {
    const dir = temporaryFolder()
    const child = await startHolder(dir)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(join(dir, 'lock'))).toBe(true)
    const store = await openForTest(dir)
    expect(await readAllLines(store)).toHaveLength(1)
    expect(JSON.parse(readFileSync(join(dir, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid, host: hostname(), startedBy: 'a test' })
    await store.close()
    expect(existsSync(join(dir, 'lock'))).toBe(false)
  })

  test('of a stopped process still holds', async () => {
    const dir = temporaryFolder()
    const child = await startHolder(dir)
    child.kill('SIGSTOP')
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'store_locked' })
  })

  test('text of a dead process whose pid another one has now does not hold; that of a live one does', async ({ skip }) => {
    const ticks = startTicksOf(1)
    if (ticks === undefined) skip('SKIPPED: this system does not tell when a process started')
    const dir = temporaryFolder()
    const own = await openStore(dir, { mode: 'write' })
    const text = JSON.parse(readFileSync(join(dir, 'lock'), 'utf8'))
    await own.close()
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...text, pid: 1, startTicks: String(Number(ticks) + 1) }))
    await (await openStore(dir, { mode: 'write' })).close()
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...text, pid: 1, startTicks: ticks }))
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'store_locked', details: { pid: 1 } })
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...text, pid: 1, startTicks: ticks, bootId: 'before the last boot' }))
    await (await openStore(dir, { mode: 'write' })).close()
    writeFileSync(join(dir, 'lock'), 'half a te')
    await (await openStore(dir, { mode: 'write' })).close()
  })

  test('goes to one of many that want it at once', async () => {
    const dir = temporaryFolder()
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => openStore(dir, { mode: 'write' })))
    const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(opened).toHaveLength(1)
    await opened[0]?.close()
  })
})

describe('modes', () => {
  test.each([0o000, 0o077, 0o777])('are 0600 and 0700 whatever the umask (%o)', async (umask) => {
    const dir = join(temporaryFolder(), 'store')
    const before = process.umask(umask)
    try {
      const store = await openStore(dir, { mode: 'write', segmentRollBytes: 2000 })
      for (let index = 0; index < 6; index++) {
        await appendSpans(
          store,
          sketchOf(RUN, index, {
            content: { input: JSON.stringify(hexOf(60, index)), output: new Uint8Array(index === 3 ? 1_100_000 : 3) },
          }),
        )
      }
      await store.openCursor('forward-a').save(1, 0)
      await store.index.catchUp()
      const check = (): void => {
        const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
        expect(entries.length).toBeGreaterThan(12)
        for (const entry of entries) {
          const path = join(entry.parentPath, entry.name)
          expect(`${path} ${(statSync(path).mode & 0o777).toString(8)}`).toBe(`${path} ${entry.isDirectory() ? '700' : '600'}`)
        }
        expect(statSync(dir).mode & 0o777).toBe(0o700)
      }
      check()
      const reader = await openStore(dir, { mode: 'read' })
      reader.index.listRuns({ limit: 1 })
      check()
      await reader.close()
      await store.close()
      writeFileSync(join(dir, 'segments', '00000000.zst'), 'torn', { flag: 'a' })
      await (await openStore(dir, { mode: 'write' })).close()
      check()
    } finally {
      process.umask(before)
    }
  })
})

describe('the format', () => {
  test('is written once, and a later one is refused with nothing touched', async () => {
    const dir = temporaryFolder()
    const store = await openStore(dir, { mode: 'write' })
    await appendSpans(store, sketchOf(RUN, 0))
    await store.close()
    expect(readFileSync(join(dir, 'format.json'), 'utf8')).toBe('{"format":2}\n')
    writeFileSync(join(dir, 'format.json'), '{"format":3}\n')
    const snapshot = (): string =>
      JSON.stringify(readdirSync(dir, { recursive: true }).map((name) => [name, statSync(join(dir, String(name))).mtimeMs]))
    const before = snapshot()
    for (const mode of ['read', 'write'] as const) {
      await expect(openStore(dir, { mode })).rejects.toMatchObject({
        code: 'store_version',
        message: expect.stringContaining('store format 3'),
      })
    }
    expect(snapshot()).toBe(before)
  })

  test.each(['', '{}', '{"format":"1"}', '{"format":0}', '[1]', 'null'])('that says %j is an error', async (text) => {
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'format.json'), text)
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'integrity' })
  })

  test('that is missing beside segments is an error', async () => {
    const dir = temporaryFolder()
    const store = await openStore(dir, { mode: 'write' })
    await appendSpans(store, sketchOf(RUN, 0))
    await store.close()
    rmSync(join(dir, 'format.json'))
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'integrity' })
  })
})

describe('where there is no store', () => {
  test('a reader finds an empty one and makes nothing', async () => {
    const dir = join(temporaryFolder(), 'nothing')
    const reader = await openStore(dir, { mode: 'read' })
    expect(reader.index.listRuns({ limit: 10 })).toEqual({ runs: [] })
    expect(reader.index.nearestRunIds('abc', 3)).toEqual([])
    expect(reader.tape.head().group).toBe(-1)
    expect(reader.readSummary()).toMatchObject({ groups: 0, runs: 0, records: 0 })
    expect((await reader.checkStore()).problems).toEqual([])
    expect(() => reader.key()).toThrow(expect.objectContaining({ code: 'integrity' }))
    await reader.close()
    expect(existsSync(dir)).toBe(false)
  })

  test('a writer that may not make one says so', async () => {
    const dir = join(temporaryFolder(), 'nothing')
    await expect(openStore(dir, { mode: 'write', create: false })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: `there is no store at ${dir}`,
    })
    expect(existsSync(dir)).toBe(false)
  })

  test('a folder that is there and a start that was cut short are no hindrance', async () => {
    const dir = temporaryFolder()
    mkdirSync(join(dir, 'keys'))
    await (await openStore(dir, { mode: 'write' })).close()
    rmSync(join(dir, 'keys', 'redaction.key'))
    rmSync(join(dir, 'views'), { recursive: true })
    await (await openStore(dir, { mode: 'write' })).close()
  })
})

test('the key is 32 random bytes that stay', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir)
  const key = store.key()
  expect(key).toHaveLength(32)
  await store.close()
  const reader = await openStore(dir, { mode: 'read' })
  expect(reader.key()).toEqual(key)
  await reader.close()
  const other = await openForTest(temporaryFolder())
  expect(other.key()).not.toEqual(key)
  writeFileSync(join(dir, 'keys', 'redaction.key'), 'short')
  await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'integrity' })
})

describe('the cursor of a view', () => {
  test('keeps its place over restarts, the last save of many', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const cursor = store.openCursor('forward-1')
    expect(cursor.read()).toEqual({ group: 0, line: 0 })
    await Promise.all(Array.from({ length: 20 }, (_, index) => cursor.save(index, index % 3)))
    expect(cursor.read()).toEqual({ group: 19, line: 1 })
    await store.close()
    const again = await openForTest(dir)
    expect(again.openCursor('forward-1').read()).toEqual({ group: 19, line: 1 })
    expect(again.openCursor('forward-2').read()).toEqual({ group: 0, line: 0 })
    expect(readdirSync(join(dir, 'views'))).toEqual(['forward-1.json'])
  })

  test('refuses names that are paths, places that are none, and a damaged file', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    for (const name of ['', '../x', 'a/b', 'A', '.hidden', 'x'.repeat(101)])
      expect(() => store.openCursor(name)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    await expect(store.openCursor('a').save(-1, 0)).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(store.openCursor('a').save(0, 0.5)).rejects.toMatchObject({ code: 'invalid_argument' })
    writeFileSync(join(dir, 'views', 'b.json'), '{"group":1')
    expect(() => store.openCursor('b')).toThrow(expect.objectContaining({ code: 'integrity' }))
  })
})
