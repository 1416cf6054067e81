import fc from 'fast-check'
import { canonicalJson } from '../../../src/schemas/public.ts'
import type { PreparedBlob, PreparedRecord, Store } from '../../../src/store/index.ts'
import { hexOf, prepareGap, prepareSpan, sketchOf } from './records.ts'

export const RUNS: readonly string[] = [hexOf(32, 'equal', 1), hexOf(32, 'equal', 2), hexOf(32, 'equal', 3)]

/** One record of any sort: few runs and few spans, so that most of them meet another record of their step. */
export const span = fc.record({
  type: fc.constant('span' as const),
  run: fc.nat(RUNS.length - 1),
  index: fc.nat(6),
  above: fc.nat(6),
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
export type Made = typeof span | typeof gap | typeof log extends fc.Arbitrary<infer T> ? T : never
export const group: fc.Arbitrary<Made[]> = fc.array(
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
  const { index, above, namespace, fidelity, code, kind, name, late, model, tokens, sender } = made
  const sketch = sketchOf(runId, index)
  const start = BigInt(sketch.startNanos ?? 0) + BigInt(late)
  const { sequence: _, ...unnumbered } = sketch
  return prepareSpan({
    ...(made.numbered ? sketch : unnumbered),
    parentSpanId: hexOf(16, runId, above),
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

export async function appendMade(store: Store, records: readonly Made[]): Promise<void> {
  const prepared = records.map(recordOf)
  await store.append({ records: prepared.map(({ record }) => record), blobs: prepared.flatMap(({ blobs }) => blobs) })
}
