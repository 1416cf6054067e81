import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test, vi } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { backupStore, checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

const ROLL = 12_000
const ALICE = hexOf(32, 'alice')
const BOB = hexOf(32, 'bob')

const message = (who: string, turn: number): Record<string, string> => ({
  role: who,
  content: `${who} said ${hexOf(60, who, turn).repeat(6)}`,
})
const history = (who: string, turns: number): string =>
  JSON.stringify([message('system', 0), ...Array.from({ length: turns }, (_, turn) => message(who, turn))])

/** Two chats that share their first message, an answer that both got, and a large file of Alice's. */
async function fill(store: Store): Promise<void> {
  for (let turn = 1; turn <= 12; turn++) {
    for (const [run, who] of [
      [ALICE, 'alice'],
      [BOB, 'bob'],
    ] as const) {
      const output =
        turn === 3 ? JSON.stringify('the same answer to both') : JSON.stringify(`answer to ${who} ${hexOf(50, who, 'answer', turn)}`)
      await appendSpans(
        store,
        sketchOf(run, turn - 1, {
          content: {
            input: history(who, turn),
            output,
            ...(who === 'alice' && turn === 5 && { error: new Uint8Array(1_060_000).fill(7) }),
          },
        }),
      )
    }
  }
}

/** Everything in the store's files, as it stands and decompressed. */
function contains(dir: string, text: string): string[] {
  const needle = Buffer.from(text)
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(dir, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return bytes.includes(needle) || framesOf(bytes).some((content) => content.includes(needle))
  })
}

function framesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = bytes.indexOf('28b52ffd', 0, 'hex'); at !== -1; at = bytes.indexOf('28b52ffd', at + 1, 'hex')) {
    try {
      found.push(zstdDecompressSync(bytes.subarray(at)))
    } catch {
      // No frame begins here.
    }
  }
  return found
}

const coresOf = (lines: readonly string[]): string[] => lines.map((line) => line.slice(0, line.lastIndexOf(',"refs":[')))

describe.each([['sealed'], ['as it was written']])('an erasure in a store that is %s', (state) => {
  test('takes out a run, bytes, digests and salts, and leaves every proof standing', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store)
    if (state === 'sealed') await store.seal()
    const before = await readAllLines(store)
    const head = store.tape.head()
    const secret = message('alice', 2)['content'] ?? ''
    expect(contains(dir, secret)).not.toEqual([])
    const digest = digestOf(history('alice', 4))
    expect(contains(dir, digest)).not.toEqual([])
    mkdirSync(join(dir, 'cut'), { recursive: true })
    mkdirSync(join(dir, 'spool'))
    for (const name of ['key', '1.spool', '2.bad']) writeFileSync(join(dir, 'spool', name), '')
    writeFileSync(join(dir, 'cut', 'segments-0-1'), secret)

    const receipt = await store.erase({ runId: ALICE })
    expect(receipt).toEqual({
      schema: 'reprise.erasure/1',
      runId: ALICE,
      references: 25,
      records: 12,
      payloads: 24,
      keptPayloads: 1,
      linkedCopies: 0,
      spoolFiles: 2,
      head,
    })
    expect(contains(dir, secret)).toEqual([])
    expect(contains(dir, digest)).toEqual([])
    expect(contains(dir, digest.slice(7, 40))).toEqual([])
    for (let turn = 1; turn <= 12; turn++) expect(store.blobs.has(digestOf(history('alice', turn)))).toBe(false)
    expect(store.blobs.has(digestOf(new Uint8Array(1_060_000).fill(7)))).toBe(false)
    expect(existsSync(join(dir, 'erasing.json'))).toBe(false)
    // What Bob has is whole, what both had included.
    for (let turn = 1; turn <= 12; turn++) expect(store.blobs.read(digestOf(history('bob', turn))).toString()).toBe(history('bob', turn))
    expect(store.blobs.read(digestOf(JSON.stringify('the same answer to both'))).toString()).toContain('both')
    // Cores, chain and head are what they were.
    const after = await readAllLines(store)
    expect(coresOf(after)).toEqual(coresOf(before))
    expect(store.tape.head()).toEqual(head)
    expect(await store.checkStore()).toMatchObject({ problems: [], erased: 25, head })
    expect(store.readRunRecords(ALICE).flatMap(({ refs }) => refs)).toEqual([])
    expect(store.readRunRecords(BOB).flatMap(({ refs }) => refs)).toHaveLength(24)
    expect(store.index.artifactRefs(digest)).toEqual([])
    // The store goes on, and after a restart.
    await fill(store)
    await store.close()
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    expect(again.recovered.cut).toEqual([])
    expect((await again.checkStore()).problems).toEqual([])
    expect(again.blobs.read(digestOf(history('alice', 4))).toString()).toBe(history('alice', 4))
  })

  test('of one payload takes it from every run, unless a run is named', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store)
    if (state === 'sealed') await store.seal()
    const shared = digestOf(JSON.stringify('the same answer to both'))
    expect(await store.erase({ runId: ALICE, digests: [shared] })).toMatchObject({ references: 1, payloads: 0, keptPayloads: 1 })
    expect(store.blobs.has(shared)).toBe(true)
    expect(await store.erase({ digests: [shared] })).toMatchObject({ references: 1, payloads: 1, keptPayloads: 0 })
    expect(store.blobs.has(shared)).toBe(false)
    expect(contains(dir, 'the same answer to both')).toEqual([])
    expect(await store.checkStore()).toMatchObject({ problems: [], erased: 2 })
    expect(await store.erase({ digests: [shared] })).toMatchObject({ references: 0, payloads: 0 })
  })
})

describe('an erasure', () => {
  test('lets appends wait, and readers of another process read on', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL, indexThread: true, seal: true })
    await fill(store)
    const reader = await openStore(dir, { mode: 'read' })
    expect(await readAllLines(reader)).toHaveLength(24)
    const erasing = store.erase({ runId: ALICE })
    const appended = appendSpans(store, sketchOf(BOB, 50, { content: { input: history('bob', 20) } }))
    await Promise.all([erasing, appended])
    expect(await readAllLines(reader)).toHaveLength(25)
    for (let turn = 1; turn <= 12; turn++) expect(reader.blobs.read(digestOf(history('bob', turn))).toString()).toBe(history('bob', turn))
    await store.index.catchUp()
    expect(store.readRunRecords(BOB)).toHaveLength(13)
    expect((await store.checkStore()).problems).toEqual([])
    await reader.close()
  })

  test('lets senders go on while the index is made anew, and another erasure wait until it has been', async () => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store)
    const order: string[] = []
    const { index } = store
    if (!('reindex' in index) || typeof index.reindex !== 'function') throw new Error('an index that cannot be made anew')
    const reindex = index.reindex.bind(index)
    let goOn: (() => void) | undefined
    Object.assign(index, {
      reindex: async () => {
        order.push('index')
        await new Promise<void>((resolve) => {
          goOn = resolve
        })
        await reindex()
      },
    })
    const erased = store.erase({ runId: ALICE })
    // Asked for while it stands still, taken before the index has been made.
    await appendSpans(store, sketchOf(BOB, 40)).then(() => order.push('appended'))
    await appendSpans(store, sketchOf(BOB, 41))
    const second = store.erase({ runId: BOB })
    expect(order).toEqual(['index', 'appended'])
    goOn?.()
    const receipt = await erased
    expect(receipt.references).toBeGreaterThan(0)
    await vi.waitFor(() => expect(order).toEqual(['index', 'appended', 'index']))
    goOn?.()
    await second
    await store.index.catchUp()
    expect(store.index.readRun(BOB)?.steps).toBe(14)
    expect((await store.checkStore()).problems).toEqual([])
  })

  test('that was cut short is carried on by the next writer', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store)
    const whole = join(temporaryFolder(), 'whole')
    await store.close()
    cpSync(dir, whole, { recursive: true })
    // The decision of a full erasure, taken to stores in which part of it has been done.
    const decider = await openStore(dir, { mode: 'write' })
    const decision = (() => {
      let text = ''
      const erasing = decider.erase({ runId: ALICE })
      return {
        erasing,
        read: () => (text ||= existsSync(join(dir, 'erasing.json')) ? readFileSync(join(dir, 'erasing.json'), 'utf8') : ''),
      }
    })()
    while (decision.read() === '') await new Promise((resolve) => setImmediate(resolve))
    await decision.erasing
    await decider.close()
    const segments = readdirSync(join(dir, 'segments'))
    for (let done = 0; done <= segments.length; done += 3) {
      const half = join(temporaryFolder(), 'half')
      cpSync(whole, half, { recursive: true })
      for (const name of segments.slice(0, done)) cpSync(join(dir, 'segments', name), join(half, 'segments', name))
      writeFileSync(join(half, 'erasing.json'), decision.read())
      expect((await checkStoreFolder(half)).problems.map(({ code }) => code)).toEqual(['erasure_unfinished'])
      const next = await openStore(half, { mode: 'write' })
      expect((await next.checkStore()).problems).toEqual([])
      expect(contains(half, message('alice', 2)['content'] ?? '')).toEqual([])
      await next.close()
    }
  })

  test('says where hard links keep the old bytes, and refuses where a group cannot be read', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store)
    await store.seal()
    const backup = join(temporaryFolder(), 'backup')
    await backupStore(dir, backup)
    expect((await store.erase({ runId: ALICE })).linkedCopies).toBeGreaterThan(0)
    // The backup is not touched: what holds for it is its owner's affair.
    expect((await checkStoreFolder(backup)).problems).toEqual([])
    await store.close()
    const damaged = await openForTest(backup, { segmentRollBytes: ROLL })
    const lines = await readAllLines(damaged)
    await damaged.close()
    const path = join(backup, 'segments', '00000000.zst')
    const bytes = readFileSync(path)
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
    rmSync(path)
    writeFileSync(path, bytes, { mode: 0o600 })
    const again = await openForTest(backup, { segmentRollBytes: ROLL })
    await expect(again.erase({ runId: ALICE })).rejects.toMatchObject({ code: 'integrity' })
    expect(existsSync(join(backup, 'erasing.json'))).toBe(false)
    expect(again.tape.readLine(20, 0)).toBe(lines[20])
    await expect(again.erase({})).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(again.erase({ digests: ['sha256:x'] })).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
