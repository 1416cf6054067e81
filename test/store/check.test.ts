import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { rawFrameLength, writeRawFrame } from '../../src/store/frames/raw-zstd.ts'
import { openStore, STORE_PROBLEM_CODES, type StoreCheck, type StoreProblemCode } from '../../src/store/index.ts'
import { GROUP_HEADER_BYTES, writeGroupHeader } from '../../src/store/tape/group-header.ts'
import { appendSpans, hexOf, openForTest, RUN, sketchOf, temporaryFolder } from './support/records.ts'
import { referenceGroupDigest } from './support/reference-digest.ts'

interface Forged {
  group: number
  previous: Buffer
  lines: string[]
  digest?: Buffer
  records?: number
}

/** A segment whose frames are whole, whatever they say. */
function forge(groups: readonly Forged[]): Buffer {
  return Buffer.concat(
    groups.map(({ group, previous, lines, digest, records }) => {
      const content = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      const frameBytes = rawFrameLength(content.length)
      const bytes = Buffer.alloc(GROUP_HEADER_BYTES + frameBytes)
      writeRawFrame(bytes, GROUP_HEADER_BYTES, content)
      const frameCrc = crc32(bytes.subarray(GROUP_HEADER_BYTES))
      writeGroupHeader(bytes, 0, {
        group,
        records: records ?? lines.length,
        digest: digest ?? referenceGroupDigest(previous, lines.map(coreOf)),
        previous,
        mark: { pack: 1, bytes: 0 },
        frameBytes,
        frameCrc,
      })
      return bytes
    }),
  )
}

function coreOf(line: string): string {
  return line.slice('{"core":'.length, line.lastIndexOf(',"refs":['))
}

async function checkOf(dir: string): Promise<StoreCheck> {
  const store = await openStore(dir, { mode: 'read' })
  const check = await store.checkStore()
  await store.close()
  return check
}

/** A store of three groups of one line each, and those lines. */
async function sample(dir: string): Promise<{ lines: string[]; chain: Forged[] }> {
  const store = await openForTest(dir)
  const lines: string[] = []
  for (let group = 0; group < 3; group++) {
    await appendSpans(store, sketchOf(RUN, group, { content: { input: `"${group}"` } }))
    lines.push(store.tape.readLine(group, 0))
  }
  await store.close()
  const chain: Forged[] = []
  let previous: Buffer = Buffer.alloc(32)
  for (const [group, line] of lines.entries()) {
    chain.push({ group, previous, lines: [line] })
    previous = referenceGroupDigest(previous, [coreOf(line)])
  }
  return { lines, chain }
}

const found = new Set<StoreProblemCode>()

describe('checkStore names', () => {
  test.each<[string, StoreProblemCode, (chain: Forged[]) => void]>([
    [
      'a record that was changed',
      'group_digest',
      ([, second]) => {
        if (second === undefined) return
        second.digest = referenceGroupDigest(second.previous, second.lines.map(coreOf))
        second.lines = second.lines.map((line) => line.replace('step 1', 'step 9'))
      },
    ],
    [
      'a group that was exchanged for another',
      'chain_broken',
      ([, second]) => {
        if (second !== undefined) second.lines = second.lines.map((line) => line.replace('step 1', 'step 9'))
      },
    ],
    ['a group that was taken out', 'group_missing', (chain) => void chain.splice(1, 1)],
    ['a group that stands twice', 'group_missing', (chain) => void chain.splice(1, 0, ...chain.slice(1, 2))],
    [
      'a count that is wrong',
      'group_damaged',
      ([, second]) => {
        if (second !== undefined) second.records = 2
      },
    ],
    [
      'a line that is no record',
      'group_damaged',
      ([, second]) => {
        if (second !== undefined) Object.assign(second, { lines: ['{"x":1}'], digest: Buffer.alloc(32) })
      },
    ],
    [
      'a line that is not JSON',
      'record_invalid',
      (chain) => void chain.push({ group: 3, previous: digestAfter(chain), lines: ['{"core":{x},"refs":[]}'] }),
    ],
    [
      'a digest that its core is not committed to',
      'commitment',
      (chain) =>
        void chain.push({
          group: 3,
          previous: digestAfter(chain),
          lines: (chain[1]?.lines ?? []).map((line) =>
            line.replaceAll(/"digest":"sha256:[0-9a-f]{64}"(?=,"role")/g, `"digest":"${digestOf('"0"')}"`),
          ),
        }),
    ],
    [
      'a salt that was changed',
      'commitment',
      (chain) =>
        void chain.push({
          group: 3,
          previous: digestAfter(chain),
          lines: (chain[1]?.lines ?? []).map((line) => line.replace(/"salt":"[0-9a-f]/, '"salt":"g')),
        }),
    ],
    [
      'a size that its core tells wrongly',
      'record_invalid',
      (chain) =>
        void chain.push({
          group: 3,
          previous: digestAfter(chain),
          lines: (chain[1]?.lines ?? []).map((line) => line.replace('"sizeBytes":3', '"sizeBytes":4')),
        }),
    ],
  ])('%s', async (_, code, change) => {
    const dir = temporaryFolder()
    const { chain } = await sample(dir)
    const path = join(dir, 'segments', '00000000.zst')
    const lengths = readFileSync(path)
    expect(forge(chain).length).toBe(lengths.length)
    change(chain)
    writeFileSync(path, forge(chain))
    const { problems, problemCount } = await checkOf(dir)
    expect(problems.map((problem) => problem.code)).toContain(code)
    expect(problemCount).toBe(problems.length)
    expect(problems[0]).toMatchObject({ file: 'segments/00000000.zst', message: expect.any(String) })
    found.add(code)
  })

  function digestAfter(chain: readonly Forged[]): Buffer {
    const last = chain.at(-1)
    return last === undefined ? Buffer.alloc(32) : referenceGroupDigest(last.previous, last.lines.map(coreOf))
  }

  test('bytes between groups, a lost segment, lost and damaged payloads, damaged packs and side files', async () => {
    const fresh = async (damage: (dir: string) => void, code: StoreProblemCode): Promise<void> => {
      const dir = temporaryFolder()
      const store = await openForTest(dir, { segmentRollBytes: 1500 })
      for (let index = 0; index < 4; index++)
        await appendSpans(
          store,
          sketchOf(RUN, index, {
            content: { input: JSON.stringify(hexOf(60, index).repeat(20)), output: new Uint8Array(index === 2 ? 1_100_000 : 5) },
          }),
        )
      await store.close()
      expect((await checkOf(dir)).problems).toEqual([])
      damage(dir)
      const { problems } = await checkOf(dir)
      expect(problems.map((problem) => problem.code)).toContain(code)
      found.add(code)
    }
    const edit = (path: string, change: (bytes: Buffer) => Buffer): void => writeFileSync(path, change(readFileSync(path)))
    const pack = (dir: string): string => join(dir, 'blobs', 'packs', '00000001.zst')
    const large = digestOf(new Uint8Array(1_100_000))
    await fresh(
      (dir) => edit(join(dir, 'segments', '00000000.zst'), (bytes) => Buffer.concat([Buffer.from('noise'), bytes])),
      'frame_damaged',
    )
    await fresh((dir) => rmSync(join(dir, 'segments', readdirSync(join(dir, 'segments')).sort()[0] ?? '')), 'group_missing')
    await fresh((dir) => rmSync(pack(dir)), 'artifact_missing')
    await fresh((dir) => rmSync(join(dir, 'blobs', large.slice(7, 9), large.slice(7))), 'artifact_missing')
    await fresh((dir) => edit(pack(dir), (bytes) => bytes.fill(0, 300, 310)), 'artifact_damaged')
    await fresh((dir) => {
      edit(pack(dir), (bytes) => bytes.fill(0, 4, 40))
      rmSync(`${pack(dir).slice(0, -4)}.idx`)
    }, 'pack_damaged')
    await fresh((dir) => writeFileSync(join(dir, 'views', 'forward-1.json'), '{"group":5,"line":0}\n'), 'view_cursor')
    await fresh((dir) => writeFileSync(join(dir, 'views', 'forward-1.json'), '{"group":4,"line":1}\n'), 'view_cursor')
    await fresh((dir) => writeFileSync(join(dir, 'views', 'forward-1.json'), '{"group":'), 'view_cursor')
    await fresh((dir) => rmSync(join(dir, 'keys', 'redaction.key')), 'key_damaged')
    await fresh((dir) => writeFileSync(join(dir, 'erasing.json'), '{}'), 'erasure_unfinished')
    await fresh((dir) => {
      edit(`${pack(dir).slice(0, -4)}.idx`, (bytes) => {
        bytes.fill(0xff, bytes.length - 44, bytes.length - 12)
        bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4)
        return bytes
      })
    }, 'pack_index')
    await fresh((dir) => {
      const database = new DatabaseSync(join(dir, 'index.db'))
      database.exec('UPDATE steps SET input_tokens = 99 WHERE position = 1')
      database.close()
    }, 'index_differs')
    await fresh((dir) => {
      const database = new DatabaseSync(join(dir, 'index.db'))
      const [row] = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'steps'").all()
      database.close()
      const start = (Number(row?.['rootpage']) - 1) * 8192
      edit(join(dir, 'index.db'), (bytes) => bytes.fill(0x5a, start, start + 8192))
    }, 'index_damaged')
  })

  test('every problem that there is a name for', () => {
    expect([...STORE_PROBLEM_CODES].filter((code) => !found.has(code))).toEqual([])
  })
})

test('checkStore counts what it saw, tells its progress and may run while records are appended', async () => {
  const store = await openForTest(temporaryFolder())
  for (let index = 0; index < 20; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: `"${index}"` } }))
  const progress: number[] = []
  const writing = (async () => {
    for (let index = 20; index < 60; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: `"${index}"` } }))
  })()
  const check = await store.checkStore(({ stage, done }) => stage === 'groups' && progress.push(done))
  expect(check.problems).toEqual([])
  expect(check.groups).toBeGreaterThanOrEqual(20)
  expect(check.records).toBe(check.groups)
  expect(check.blobs).toBeGreaterThanOrEqual(20)
  expect(progress).toEqual(Array.from({ length: check.groups }, (_, index) => index + 1))
  await writing
  expect(await store.checkStore()).toMatchObject({
    schema: 'reprise.store-check/1',
    groups: 60,
    records: 60,
    blobs: 60,
    head: store.tape.head(),
    unfinishedBytes: 0,
    problemCount: 0,
  })
})
