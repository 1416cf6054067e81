import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RunSummary, type SpanRecord, STEP_KINDS } from '../../src/schemas/public.ts'
import { type ListRunsQuery, type ListStepsQuery, openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, prepareGap, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

const MODELS = ['m-1', 'm-2', 'm-3']
const NAMES = ['answer', 'Answer tickets', 'train', '100%_']
const STEP_NAMES = ['look up', 'Look', 'ask', 'ask again', 'é']

interface MadeRun {
  readonly sketches: SpanSketch[]
}

const stepMade = fc.record({
  kind: fc.constantFrom(...STEP_KINDS.slice(1, 8)),
  name: fc.constantFrom(...STEP_NAMES),
  model: fc.option(fc.constantFrom(...MODELS), { nil: undefined }),
  cost: fc.option(fc.constantFrom(0.1, 0.25, 2), { nil: undefined }),
  error: fc.boolean(),
  pending: fc.boolean(),
  under: fc.nat(3),
})
const runMade = fc.record({
  name: fc.constantFrom(...NAMES),
  start: fc.nat(20),
  namespace: fc.constantFrom('local', 'local', 'other'),
  session: fc.option(fc.constantFrom('s-1', 's-2'), { nil: undefined }),
  tag: fc.option(fc.constantFrom('prod', 'dev'), { nil: undefined }),
  ended: fc.boolean(),
  failed: fc.boolean(),
  own: fc.boolean(),
  steps: fc.array(stepMade, { maxLength: 6 }),
})

type MadeRunPlan = typeof runMade extends fc.Arbitrary<infer T> ? T : never

function makeRun(made: MadeRunPlan, index: number): MadeRun {
  const id = hexOf(32, 'search', index)
  const fidelity = made.own ? 'replayable' : 'observed'
  const base = 1_000_000_000 * (made.start + 1)
  const common = {
    namespace: made.namespace,
    fidelity,
    resource: { attributes: made.tag === undefined ? {} : { 'reprise.tag.env': made.tag } },
  } as const
  const root = sketchOf(id, 0, {
    ...common,
    stepName: made.name,
    startNanos: String(base),
    endNanos: String(base + 100),
    ...(made.failed && { status: { code: 'error' as const } }),
    ...(!made.ended && { pending: true as const }),
    attributes: made.session === undefined ? {} : { 'session.id': made.session },
  })
  const steps = made.steps.map((step, at) =>
    sketchOf(id, at + 1, {
      ...common,
      kind: step.kind,
      stepName: step.name,
      parentSpanId: hexOf(16, id, Math.min(at, step.under)),
      startNanos: String(base + at + 1),
      endNanos: String(base + at + 50),
      ...(step.error && { status: { code: 'error' as const } }),
      ...(step.pending && { pending: true as const }),
      attributes: {
        ...(step.model !== undefined && { 'gen_ai.request.model': step.model }),
        ...(step.cost !== undefined && { 'gen_ai.usage.cost': step.cost }),
      },
    }),
  )
  return { sketches: [...steps, root] }
}

/** The same, straight from the definition, over everything. */
function matchesRun(run: RunSummary, steps: readonly SpanRecord[], query: Partial<ListRunsQuery>): boolean {
  const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const holds = (text: string, part: string | undefined): boolean => part === undefined || lower(text).includes(lower(part))
  return (
    (query.namespace === undefined || run.namespace === query.namespace) &&
    (query.kind === undefined || run.kind === query.kind) &&
    (query.status === undefined || run.status === query.status) &&
    (query.fidelity === undefined || run.fidelity === query.fidelity) &&
    (query.name === undefined || run.name === query.name) &&
    (query.namePrefix === undefined || lower(run.name).startsWith(lower(query.namePrefix))) &&
    holds(run.name, query.nameContains) &&
    (query.model === undefined || steps.some(({ core }) => core.attributes['gen_ai.request.model'] === query.model)) &&
    (query.session === undefined || run.session === query.session) &&
    (query.tags ?? []).every((tag) => (run.tags ?? []).some((each) => each === tag || each.startsWith(`${tag}=`))) &&
    (query.fromNanos === undefined || BigInt(run.startNanos) >= BigInt(query.fromNanos)) &&
    (query.toNanos === undefined || BigInt(run.startNanos) < BigInt(query.toNanos)) &&
    (query.costMin === undefined || (run.cost !== undefined && run.cost >= query.costMin)) &&
    (query.costMax === undefined || (run.cost !== undefined && run.cost <= query.costMax)) &&
    (query.stepText === undefined || steps.some(({ core }) => holds(core.stepName, query.stepText)))
  )
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 1 })
const runQuery = fc.record({
  namespace: maybe(fc.constantFrom('local', 'other', 'none')),
  kind: maybe(fc.constantFrom('run', 'model')),
  status: maybe(fc.constantFrom('ok', 'error', 'running', 'interrupted')),
  fidelity: maybe(fc.constantFrom('replayable' as const, 'observed' as const)),
  name: maybe(fc.constantFrom(...NAMES)),
  namePrefix: maybe(fc.constantFrom('ANS', 'answer t', '100%')),
  nameContains: maybe(fc.constantFrom('WER', '%', '_')),
  model: maybe(fc.constantFrom(...MODELS)),
  session: maybe(fc.constantFrom('s-1', 's-9')),
  tags: maybe(fc.constantFrom(['env'], ['env=prod'], ['env=prod', 'env=dev'])),
  fromNanos: maybe(fc.constantFrom('5000000000', '0')),
  toNanos: maybe(fc.constantFrom('9000000000')),
  costMin: maybe(fc.constantFrom(0, 0.2, 2.1)),
  costMax: maybe(fc.constantFrom(0.35, 1)),
  stepText: maybe(fc.constantFrom('LOOK', 'ask a', 'é', 'none')),
})
const stepQuery = fc.record({
  kinds: maybe(fc.constantFrom(['model'], ['tool', 'agent'], ['run'])),
  status: maybe(fc.constantFrom('ok' as const, 'error' as const, 'open' as const)),
  fromSequence: maybe(fc.nat(4)),
  toSequence: maybe(fc.nat(6)),
  maxDepth: maybe(fc.nat(3)),
  nameContains: maybe(fc.constantFrom('LOOK', 'ask')),
})

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function defined<T extends object>(query: T): Defined<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Defined<T>
}

function everyRun(store: Store, query: Partial<ListRunsQuery>, limit: number): RunSummary[] {
  const runs: RunSummary[] = []
  let cursor: string | undefined
  do {
    const page = store.index.listRuns({ ...query, limit, ...(cursor !== undefined && { cursor }) })
    expect(page.runs.length).toBeLessThanOrEqual(limit)
    runs.push(...page.runs)
    cursor = page.next
  } while (cursor !== undefined)
  return runs
}

function depthOf(step: SpanRecord, steps: readonly SpanRecord[]): number {
  const parent = steps.find(({ core }) => core.spanId === step.core.parentSpanId)
  return parent === undefined ? 0 : 1 + depthOf(parent, steps)
}

describe('what is found', () => {
  test('is what the definition says, in any pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(runMade, { minLength: 1, maxLength: 25 }),
        fc.array(runQuery.map(defined), { minLength: 1, maxLength: 12 }),
        fc.array(stepQuery.map(defined), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (runs, queries, stepQueries, limit) => {
          const store = await openStore(temporaryFolder({ inMemory: true }), { mode: 'write' })
          try {
            for (const [index, made] of runs.entries()) await appendSpans(store, ...makeRun(made, index).sketches)
            await store.index.catchUp()
            const all = store.index.listRuns({ limit: 1000 }).runs
            expect(all).toHaveLength(runs.length)
            const steps = new Map(all.map((run) => [run.id, store.readRunRecords(run.id, run.namespace)]))
            for (const query of queries) {
              const expected = all.filter((run) => matchesRun(run, steps.get(run.id) ?? [], query)).map(({ id }) => id)
              expect(everyRun(store, query, limit).map(({ id }) => id)).toEqual(expected)
            }
            for (const [id, records] of steps) {
              for (const query of stepQueries) {
                const found: string[] = []
                let cursor: string | undefined
                do {
                  const page = store.index.listSteps(id, { ...query, limit, ...(cursor !== undefined && { cursor }) })
                  found.push(...page.steps.map(({ core }) => core.spanId))
                  cursor = page.next
                } while (cursor !== undefined)
                expect(found).toEqual(records.filter((record) => matchesStep(record, records, query)).map(({ core }) => core.spanId))
              }
            }
          } finally {
            await store.close()
          }
        },
      ),
      { numRuns: 15 },
    )
  }, 60_000)
})

function matchesStep(step: SpanRecord, steps: readonly SpanRecord[], query: Partial<ListStepsQuery>): boolean {
  const { core } = step
  const status = core.pending === true ? 'open' : core.status.code === 'error' ? 'error' : 'ok'
  const isError = core.status.code === 'error'
  const sequence = core.sequence ?? Number.MAX_SAFE_INTEGER
  return (
    (query.kinds === undefined || query.kinds.includes(core.kind)) &&
    (query.status === undefined || query.status === status || (query.status === 'error' && isError)) &&
    (query.fromSequence === undefined || sequence >= query.fromSequence) &&
    (query.toSequence === undefined || sequence <= query.toSequence) &&
    (query.maxDepth === undefined || depthOf(step, steps) <= query.maxDepth) &&
    (query.nameContains === undefined || core.stepName.toLowerCase().includes(query.nameContains.toLowerCase()))
  )
}

test('a search that finds nothing ends, in pages that look at a bounded number of runs', async () => {
  const store = await openForTest(temporaryFolder({ inMemory: true }))
  const count = 9_000
  const sketches = Array.from({ length: count }, (_, index) =>
    sketchOf(hexOf(32, 'many', index), 0, { stepName: index === 3 ? 'needle' : 'hay' }),
  )
  for (let at = 0; at < count; at += 500) await appendSpans(store, ...sketches.slice(at, at + 500))
  await store.index.catchUp()
  let pages = 0
  const found: RunSummary[] = []
  let cursor: string | undefined
  do {
    const page = store.index.listRuns({ limit: 10, nameContains: 'NEEDLE', ...(cursor !== undefined && { cursor }) })
    found.push(...page.runs)
    cursor = page.next
    pages++
  } while (cursor !== undefined)
  expect(found.map(({ name }) => name)).toEqual(['needle'])
  expect(pages).toBe(3)
}, 60_000)

test('a run without steps is listed nowhere until it has one', async () => {
  const store = await openForTest(temporaryFolder())
  const id = hexOf(32, 'late')
  await store.append({
    records: [prepareGap({ runId: id, count: 2, reason: 'sender-gone' }), prepareGap({ runId: id, count: 3 })],
    blobs: [],
  })
  await store.index.catchUp()
  expect(store.index.listRuns({ limit: 5 })).toEqual({ runs: [] })
  expect(store.index.readGaps(id)).toEqual({ gaps: [], missingBatches: [], lateBatches: [] })
  await appendSpans(store, sketchOf(id, 0))
  await store.index.catchUp()
  expect(store.index.listRuns({ limit: 5 }).runs).toMatchObject([{ id, gaps: 3, status: 'ok' }])
  expect(store.index.readGaps(id).gaps.map(({ core }) => core.count)).toEqual([2, 3])
})

test('one run id in two namespaces is two runs, however their records mix', async () => {
  const store = await openForTest(temporaryFolder())
  const id = hexOf(32, 'both')
  const sketches = Array.from({ length: 200 }, (_, index) => sketchOf(id, index, { namespace: index % 3 === 0 ? 'other' : 'local' }))
  await appendSpans(store, ...sketches)
  await store.index.catchUp()
  expect(store.index.readRun(id, 'other')?.steps).toBe(67)
  expect(store.index.readRun(id, 'local')?.steps).toBe(133)
  expect(
    store.index
      .listRuns({ limit: 5 })
      .runs.map(({ steps }) => steps)
      .sort(),
  ).toEqual([133, 67])
})
