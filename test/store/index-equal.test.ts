import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/schemas/public.ts'
import type { PreparedBlob, PreparedRecord, Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { hexOf, openForTest, prepareGap, prepareSpan, sketchOf, temporaryFolder } from './support/records.ts'

const RUNS = [hexOf(32, 'equal', 1), hexOf(32, 'equal', 2), hexOf(32, 'equal', 3)]

/** One record of any sort: few runs and few spans, so that most of them meet another record of their step. */
const span = fc.record({
  type: fc.constant('span' as const),
  run: fc.nat(RUNS.length - 1),
  index: fc.nat(6),
  namespace: fc.constantFrom('local', 'local', 'local', 'other'),
  fidelity: fc.constantFrom('replayable' as const, 'observed' as const),
  pending: fc.boolean(),
  numbered: fc.boolean(),
  code: fc.constantFrom('ok' as const, 'error' as const, 'unset' as const),
  kind: fc.constantFrom('model' as const, 'tool' as const, 'run' as const, 'agent' as const),
  name: fc.constantFrom('answer', 'step 4', 'search'),
  late: fc.nat(3),
  model: fc.constantFrom('model 1', 'model 2', undefined),
  tokens: fc.nat(100),
  sender: fc.option(fc.nat(4), { nil: undefined }),
  shared: fc.boolean(),
})
const gap = fc.record({
  type: fc.constant('gap' as const),
  run: fc.option(fc.nat(RUNS.length - 1), { nil: undefined }),
  reason: fc.constantFrom('queue-full', 'sender-gone', 'sender-silent'),
  count: fc.nat(5),
})
const log = fc.record({ type: fc.constant('log' as const), run: fc.nat(RUNS.length - 1), index: fc.nat(6), time: fc.nat(50) })
type Made = typeof span | typeof gap | typeof log extends fc.Arbitrary<infer T> ? T : never
const group: fc.Arbitrary<Made[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: span }, { weight: 1, arbitrary: gap }, { weight: 1, arbitrary: log }),
  {
    minLength: 1,
    maxLength: 12,
  },
)

function recordOf(made: Made): { record: PreparedRecord; blobs: readonly PreparedBlob[] } {
  if (made.type === 'gap') {
    const { run, reason, count } = made
    return { record: prepareGap({ reason, count, ...(run !== undefined && { runId: RUNS[run] ?? '' }) }), blobs: [] }
  }
  const runId = RUNS[made.run] ?? ''
  if (made.type === 'log') {
    const core = {
      schema: 'reprise.log/1',
      namespace: 'local',
      runId,
      spanId: hexOf(16, runId, made.index),
      timeNanos: String(1000 + made.time),
      attributes: {},
      resource: { attributes: {} },
      scope: { name: 'a test' },
      severityNumber: 9,
      redactions: { email: 1 },
    }
    return { record: { core: canonicalJson(core), line: canonicalJson({ core, refs: [] }) }, blobs: [] }
  }
  const { index, namespace, fidelity, code, kind, name, late, model, tokens, sender } = made
  const sketch = sketchOf(runId, index)
  const start = BigInt(sketch.startNanos ?? 0) + BigInt(late)
  const { sequence: _, ...unnumbered } = sketch
  return prepareSpan({
    ...(made.numbered ? sketch : unnumbered),
    namespace,
    fidelity,
    kind,
    stepName: name,
    startNanos: String(start),
    endNanos: String(start + 700n),
    status: { code },
    attributes: {
      'gen_ai.usage.input_tokens': tokens,
      ...(model !== undefined && { 'gen_ai.request.model': model }),
      'reprise.tag.env': name,
    },
    ...(made.pending && { pending: true as const }),
    ...(sender !== undefined && {
      resource: { attributes: { 'service.name': 'a service', 'reprise.sender.id': 'a sender', 'reprise.sender.sequence': sender } },
    }),
    ...(made.shared && { content: { input: '"shared"' } }),
  })
}

async function append(store: Store, records: readonly Made[]): Promise<void> {
  const prepared = records.map(recordOf)
  await store.append({ records: prepared.map(({ record }) => record), blobs: prepared.flatMap(({ blobs }) => blobs) })
}

test('whatever records come in whatever order, following them, following them again after a restart and starting anew give the same answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 6 }), fc.nat(5), fc.boolean(), async (groups, restartAt, erases) => {
      const dir = temporaryFolder({ inMemory: true })
      let store = await openForTest(dir)
      for (const [at, records] of groups.entries()) {
        await append(store, records)
        // Each group is a transaction of its own, and after a restart nothing of it is in memory.
        await store.index.catchUp()
        if (at !== restartAt) continue
        await store.close()
        store = await openForTest(dir)
      }
      let live = everyAnswer(store)
      await store.reindex()
      expect(everyAnswer(store)).toBe(live)
      if (erases) {
        await store.erase({ runId: RUNS[0] ?? '' })
        live = everyAnswer(store)
        await store.reindex()
        expect(everyAnswer(store)).toBe(live)
      }
      await store.close()
      rmSync(join(dir, 'index.db'))
      store = await openForTest(dir)
      await store.index.catchUp()
      expect(everyAnswer(store)).toBe(live)
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    }),
    { numRuns: 25 },
  )
}, 60_000)

test('many records of the same few steps within one transaction are taken one after the other', async () => {
  const records = fc.sample(span, { numRuns: 3000, seed: 7 })
  const atOnce = await openForTest(temporaryFolder())
  await append(atOnce, records)
  await atOnce.index.catchUp()
  const oneByOne = await openForTest(temporaryFolder({ inMemory: true }))
  for (let from = 0; from < records.length; from += 7) {
    await append(oneByOne, records.slice(from, from + 7))
    await oneByOne.index.catchUp()
  }
  const answersOf = (store: Store): string => everyAnswer(store).replaceAll(/"(group|line)":\d+/g, '')
  expect(answersOf(atOnce)).toBe(answersOf(oneByOne))
}, 60_000)
