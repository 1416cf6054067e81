import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { IndexDatabase } from '../../src/store/index/database.ts'
import type { ResourceFacts, StepRow } from '../../src/store/index/record-row.ts'
import { RowBatchReader, RowBatchWriter } from '../../src/store/index/row-batch.ts'
import { FollowingIndex } from '../../src/store/index/store-index.ts'
import { checkStoreFolder, type Store } from '../../src/store/index.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { answersOf, everyAnswer } from './support/answers.ts'
import { appendMade, group } from './support/made-records.ts'
import { appendSpans, hexOf, openForTest, sketchOf, temporaryFolder } from './support/records.ts'

const text = fc.oneof(fc.constantFrom('a', 'b', '["a"]', '__proto__', ''), fc.string())
const count = fc.option(fc.nat(), { nil: undefined })
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const tags = fc.array(text, { maxLength: 3 })
const resources: readonly ResourceFacts[] = [
  { service: 'one', session: undefined, tags: ['a', 'b'], sender: undefined, sequence: undefined },
  { service: undefined, session: 's', tags: [], sender: 'sender', sequence: 7 },
]
const row: fc.Arbitrary<StepRow> = fc.record({
  type: fc.constant('step' as const),
  namespace: text,
  runId: text,
  traceId: text,
  span: integer,
  parent: fc.option(integer, { nil: undefined }),
  position: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  startNanos: nanos,
  endNanos: fc.option(nanos, { nil: undefined }),
  kind: fc.constantFrom('model' as const, 'custom' as const, 'run' as const),
  name: text,
  own: fc.boolean(),
  pending: fc.boolean(),
  error: fc.boolean(),
  model: fc.option(text, { nil: undefined }),
  inputTokens: count,
  outputTokens: count,
  cost: count,
  session: fc.option(text, { nil: undefined }),
  tags,
  redactions: fc.nat(),
  resource: fc.constantFrom(...resources),
  digests: fc.array(fc.nat(2 ** 31), { maxLength: 3 }),
})
const lines = fc.option(
  fc.array(fc.oneof({ weight: 5, arbitrary: row }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }) }), { maxLength: 8 }),
  { nil: undefined },
)

test('rows come out of batches as they went in, however groups are put into batches and whatever is forgotten in between', () => {
  fc.assert(
    fc.property(fc.array(fc.array(lines, { maxLength: 4 }), { maxLength: 5 }), fc.nat(9), fc.nat(100), (batches, knownMax, first) => {
      const writer = new RowBatchWriter(first, knownMax)
      const reader = new RowBatchReader()
      const wanted: unknown[] = []
      const found: unknown[] = []
      let number = first
      for (const groups of batches) {
        for (const group of groups) {
          if (group === undefined) {
            writer.addUnread()
            wanted.push([number++])
            continue
          }
          for (const [line, each] of group.entries()) {
            if (each instanceof Uint8Array) writer.addOther(new Uint8Array(each))
            else writer.addStep(each)
            wanted.push([number, line, each instanceof Uint8Array ? [...each] : each])
          }
          writer.endGroup(group.length)
          number++
        }
        const batch = structuredClone(writer.take())
        expect(batch.endGroup).toBe(number)
        reader.read(batch, {
          step: (group, line, step) => found.push([group, line, step]),
          other: (group, line, bytes) => found.push([group, line, [...bytes]]),
          unread: (group) => found.push([group]),
        })
      }
      expect(found).toEqual(wanted)
    }),
  )
})

/** Its index made anew with a second thread that reads ahead; `dir` is where that thread looks. */
async function makeAnew(folder: string, dir: string = folder): Promise<number[]> {
  const layout = layoutOf(folder)
  const tape = new Tape(layout)
  tape.setHead(tape.head())
  Object.defineProperty(tape, 'dir', { value: dir })
  const index = new FollowingIndex(layout.index, tape, { scanAheadMinBytes: 0 })
  const groups: number[] = []
  const result = await index.reindex((progress) => groups.push(progress.group))
  expect(result.groups).toBe(tape.head().group + 1)
  await index.close()
  const made = IndexDatabase.openForReading(layout.index)
  expect(made?.meta('group')).toBe(tape.head().group + 1)
  made?.close()
  tape.close()
  return groups
}

async function fill(store: Store): Promise<void> {
  for (const records of fc.sample(group, { numRuns: 60, seed: 11 })) await appendMade(store, records)
  // Lines of no form of ours, and more than one batch holds.
  await store.append({ records: [{ core: '{}', line: '{"core":{},"refs":[]}' }], blobs: [] })
  for (let from = 0; from < 2500; from += 500) {
    const run = hexOf(32, 'long', from)
    await appendSpans(store, ...Array.from({ length: 500 }, (_, index) => sketchOf(run, index)))
  }
}

test('an index that two threads make anew answers byte for byte as the one that followed, and as one that a thread makes alone', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir, { segmentRollBytes: 300_000 })
  await fill(store)
  await store.index.catchUp()
  const live = everyAnswer(store)
  await store.close()
  const groups = await makeAnew(dir)
  expect(groups.at(-1)).toBe(66)
  expect(await answersOf(dir)).toBe(live)
  expect((await checkStoreFolder(dir)).problems).toEqual([])
  // The thread finds no store there: all is read here.
  await makeAnew(dir, `${dir}/nowhere`)
  expect(await answersOf(dir)).toBe(live)
  // No file can be made beside: it is made in its place.
  mkdirSync(join(dir, '.index.db.tmp'))
  await makeAnew(dir)
  expect(await answersOf(dir)).toBe(live)
})

test('a damaged group is passed over by the thread that reads ahead as by the one that reads alone', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  for (let run = 0; run < 4; run++) await appendSpans(store, ...Array.from({ length: 5 }, (_, index) => sketchOf(hexOf(32, run), index)))
  const path = new Tape(layoutOf(dir)).segmentFile(0)
  const damaged = new Tape(layoutOf(dir)).entryOf(2)
  await store.close()
  const bytes = readFileSync(path)
  const at = (damaged?.frameOffset ?? 0) + 100
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
  await makeAnew(dir)
  const two = await answersOf(dir)
  const tape = new Tape(layoutOf(dir))
  tape.setHead(tape.head())
  const alone = new FollowingIndex(layoutOf(dir).index, tape, { scanAheadMinBytes: Number.POSITIVE_INFINITY })
  await alone.reindex()
  await alone.close()
  expect(await answersOf(dir)).toBe(two)
  expect(JSON.parse(two).length).not.toBe(0)
})
