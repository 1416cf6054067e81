import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gapRecordSchema } from '../../src/schemas/public.ts'
import { checkStoreFolder, type MissingBatches, openStore, type Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { appendSpans, hexOf, openForTest, prepareGap, sketchOf, temporaryFolder } from './support/records.ts'

const RUNS = [hexOf(32, 'lost', 0), hexOf(32, 'lost', 1)] as const
const SENDERS = ['one', 'two'] as const

/** What happens on the tape: something of a run comes in a batch, or the holes of a sender are given up. */
type Event =
  | { readonly kind: 'batch'; readonly run: 0 | 1; readonly sender: 0 | 1; readonly sequence: number }
  | { readonly kind: 'notice'; readonly sender: 0 | 1; readonly sequence: number }
  | { readonly kind: 'giveUp' }

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      run: fc.constantFrom(0, 1),
      sender: fc.constantFrom(0, 1),
      sequence: fc.nat(12),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('notice' as const), sender: fc.constantFrom(0, 1), sequence: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'giveUp' as const }) },
)

/** The rule, told the plain way: numbers, one by one. */
class Model {
  readonly came = [new Set<number>(), new Set<number>()] as const
  readonly told = [new Set<number>(), new Set<number>()] as const
  readonly ofRun = [0, 1].map(() => [new Set<number>(), new Set<number>()] as const)

  holes(sender: 0 | 1): number[] {
    const last = Math.max(-1, ...this.came[sender])
    return Array.from({ length: last + 1 }, (_, at) => at).filter((at) => !this.came[sender].has(at))
  }

  untold(sender: 0 | 1): number[] {
    return this.holes(sender).filter((at) => !this.told[sender].has(at))
  }
}

function numbersOf(ranges: readonly MissingBatches[], sender: string): number[] {
  return ranges.flatMap((range) =>
    range.sender === sender ? Array.from({ length: range.to - range.from + 1 }, (_, index) => range.from + index) : [],
  )
}

async function apply(store: Store, model: Model, each: Event, index: number): Promise<void> {
  if (each.kind === 'batch') {
    const { run, sender, sequence } = each
    model.came[sender].add(sequence)
    model.ofRun[run]?.[sender].add(sequence)
    const resource = { attributes: { 'reprise.sender.id': SENDERS[sender], 'reprise.sender.sequence': sequence } }
    await appendSpans(store, sketchOf(RUNS[run], index, { resource }))
  } else if (each.kind === 'notice') {
    model.came[each.sender].add(each.sequence)
    const batch = { sender: SENDERS[each.sender], sequence: each.sequence }
    await store.append({ records: [prepareGap({ batch, count: 1 })], blobs: [] })
  } else {
    await store.index.catchUp()
    const missing = store.index.listMissingBatches(100)
    for (const sender of [0, 1] as const) expect(numbersOf(missing, SENDERS[sender])).toEqual(model.untold(sender))
    const records = missing.map(({ sender, from, to }) =>
      prepareGap({ reason: 'batch-lost', sender, batches: { from, to }, count: to - from + 1 }),
    )
    if (records.length > 0) await store.append({ records, blobs: [] })
    for (const sender of [0, 1] as const) for (const at of model.untold(sender)) model.told[sender].add(at)
  }
}

test('batches that come in any order, twice, late or never: runs, gaps and sums say what the plain rule says, also after a restart and made anew', async () => {
  let late = 0
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 24 }), fc.nat(23), async (events, restartAt) => {
      const dir = temporaryFolder({ inMemory: true })
      let store = await openStore(dir, { mode: 'write' })
      const model = new Model()
      let notices = 0
      for (const [index, each] of events.entries()) {
        if (index === restartAt) {
          await store.close()
          store = await openStore(dir, { mode: 'write' })
        }
        await apply(store, model, each, index)
        if (each.kind === 'notice') notices++
      }
      await store.index.catchUp()
      for (const [run, id] of RUNS.entries()) {
        const gaps = store.index.readGaps(id)
        let sum = 0
        for (const sender of [0, 1] as const) {
          const seen = model.ofRun[run]?.[sender] ?? new Set()
          const missing = new Set(numbersOf(gaps.missingBatches, SENDERS[sender]))
          const told = numbersOf(
            gaps.gaps.flatMap(({ core }) =>
              core.batches === undefined || core.sender === undefined ? [] : [{ sender: core.sender, ...core.batches }],
            ),
            SENDERS[sender],
          )
          // All that lies between its batches, or beside them, and nothing of a sender that it did not come from.
          if (seen.size === 0) expect([...missing, ...told]).toEqual([])
          for (const at of model.holes(sender)) {
            if (seen.size === 0 || at < Math.min(...seen) - 1 || at > Math.max(...seen) + 1) continue
            expect(missing).toContain(at)
            if (model.told[sender].has(at)) expect(told).toContain(at)
          }
          for (const at of missing) expect(model.came[sender].has(at)).toBe(false)
          const came = numbersOf(gaps.lateBatches, SENDERS[sender])
          late += came.length
          for (const at of came) expect(model.came[sender].has(at) && model.told[sender].has(at)).toBe(true)
          sum += [...missing].filter((at) => told.includes(at)).length
          for (const { core, refs } of gaps.gaps) gapRecordSchema.parse({ core, refs })
        }
        const steps = store.index.readRun(id)
        if (steps !== undefined) expect(steps.gaps).toBe(sum)
      }
      const lost = ([0, 1] as const).flatMap((sender) => [...model.told[sender]].filter((at) => !model.came[sender].has(at))).length
      expect(store.readSummary().gaps).toBe(lost + notices)
      const answers = everyAnswer(store)
      expect((await store.checkStore()).problems).toEqual([])
      await store.reindex()
      expect(everyAnswer(store)).toBe(answers)
      await store.close()
    }),
    { numRuns: 60 },
  )
  expect(late).toBeGreaterThan(10)
}, 60_000)

test('a hole is told to the runs around it alone', async () => {
  const store = await openForTest(temporaryFolder())
  const [early, around, last] = [0, 1, 2].map((index) => hexOf(32, 'around', index)) as [string, string, string]
  const sent: [string, number][] = [
    [early, 0],
    [around, 2],
    [around, 4],
    [last, 7],
  ]
  for (const [run, sequence] of sent)
    await appendSpans(
      store,
      sketchOf(run, sequence, { resource: { attributes: { 'reprise.sender.id': 's', 'reprise.sender.sequence': sequence } } }),
    )
  await store.append({
    records: [1, 3].map((at) => prepareGap({ reason: 'batch-lost', sender: 's', batches: { from: at, to: at }, count: 1 })),
    blobs: [],
  })
  await store.index.catchUp()
  const gapsOf = (run: string): number | undefined => store.index.readRun(run)?.gaps
  // Batch 1 lies beside the first run's last and the second one's first; batch 3 within the second; 5 and 6 are still waited for.
  expect([gapsOf(early), gapsOf(around), gapsOf(last)]).toEqual([1, 2, 0])
  expect(
    store.index
      .listRuns({ limit: 9 })
      .runs.map(({ gaps }) => gaps)
      .sort(),
  ).toEqual([0, 1, 2])
  expect(store.index.readGaps(last).missingBatches).toEqual([{ sender: 's', from: 5, to: 6 }])
  expect(store.index.readGaps(early).missingBatches).toEqual([{ sender: 's', from: 1, to: 1 }])
})

test('a check finds a gap record that makes no sense', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir)
  const lost = { reason: 'batch-lost', sender: 's', batches: { from: 4, to: 5 }, count: 2 } as const
  const bad = [
    { ...lost, count: 1 },
    { ...lost, batches: { from: 5, to: 4 } },
    { reason: lost.reason, batches: lost.batches, count: 2 },
  ]
  await store.append({ records: [lost, ...bad].map((core) => prepareGap(core)), blobs: [] })
  await store.close()
  const { problems } = await checkStoreFolder(dir)
  expect(problems.map(({ code, line, pointer }) => [code, line, pointer])).toEqual([
    ['record_invalid', 1, '/core/count'],
    ['record_invalid', 2, '/core/batches'],
    ['record_invalid', 3, '/core/sender'],
  ])
})
