import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPrepareContext, prepareTraces } from '../../src/collector/pipeline/prepare.ts'
import { decodeTraces, type WireSpan } from '../../src/otlp/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { unpackBatch } from '../store/support/unpack.ts'
import { redactor } from './pipeline-support.ts'

const newContext = () => createPrepareContext({ namespace: 'local', redactor })
const SALTED = /"(commitment|salt)":"[0-9a-f]{64}"/g
const linesOf = (context: ReturnType<typeof newContext>, spans: readonly WireSpan[]): string[] => {
  const { packed, rejected } = prepareTraces(decodeTraces(writeTraces(groupOf(spans)), 'protobuf'), context)
  expect(rejected).toEqual([])
  return unpackBatch(packed).records.map(({ line }) => line.replace(SALTED, '"$1"'))
}

// What spans say alike is put together once: it must not matter which of them came before.
it('a record is the same whatever came before it', () => {
  const span = fc
    .record({
      name: fc.constantFrom('chat', 'chat', 'größe', 'x'.repeat(300)),
      kind: fc.constantFrom(0, 3),
      flags: fc.constantFrom(0, 257),
      code: fc.constantFrom(0, 2),
      message: fc.constantFrom('', '', 'it broke'),
      operation: fc.constantFrom(undefined, 'other'),
      fidelity: fc.constantFrom(undefined, 'replayable'),
      stepKind: fc.constantFrom(undefined, 'tool', 'agent'),
      stepName: fc.constantFrom(undefined, 'other'),
      hasEvent: fc.constantFrom(false, false, false, true),
      hasLink: fc.constantFrom(false, false, false, true),
    })
    .map(({ name, kind, flags, code, message, operation, fidelity, stepKind, stepName, hasEvent, hasLink }) =>
      bareSpan({
        ...{ name, kind, flags, status: { code, message } },
        attributes: [
          ...(operation === undefined ? [] : [['reprise.operation', operation] as const]),
          ...(stepKind === undefined ? [] : [['reprise.kind', stepKind] as const]),
          ...(fidelity === undefined ? [] : [['reprise.fidelity', fidelity] as const]),
          ...(stepName === undefined ? [] : [['reprise.step.name', stepName] as const]),
        ],
        events: hasEvent ? [{ name: 'e', timeNanos: 5n, attributes: [], droppedAttributes: 0 }] : [],
        links: hasLink
          ? [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: '', attributes: [], droppedAttributes: 0, flags: 0 }]
          : [],
      }),
    )
  fc.assert(
    fc.property(fc.array(span, { minLength: 60, maxLength: 60 }), (spans) => {
      const context = newContext()
      // Again, so that all of them have been seen.
      const together = [...linesOf(context, spans), ...linesOf(context, spans)]
      const alone = spans.flatMap((one) => linesOf(newContext(), [one]))
      expect(together).toEqual([...alone, ...alone])
    }),
    { numRuns: 8 },
  )
})
