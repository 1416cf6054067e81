import fc from 'fast-check'
import type {
  WireAttribute,
  WireEvent,
  WireLink,
  WireLog,
  WireResourceLogs,
  WireResourceSpans,
  WireSpan,
  WireValue,
} from '../../src/otlp/index.ts'

// Objects as a program makes them, with the usual prototype.
const plainRecord = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model, { noNullPrototype: true })

/** Text of every length class that the codec treats apart: short, around the 24 and 256 byte bounds, long, not ASCII. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  fc.constantFrom('', '__proto__', 'constructor', '\uFEFFbom', '\0', 'ß', '日本語', '👩‍👩‍👧'),
  fc.tuple(fc.constantFrom('a', 'é', '語', '🙂'), fc.integer({ min: 60, max: 600 })).map(([unit, count]) => unit.repeat(count)),
)

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }),
)
const uint32 = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }))
const nanos = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Number.NaN, Infinity, -Infinity, 5e-324, 1e300))

const nonZeroHex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((id) => id.some((byte) => byte !== 0))
    .map((id) => Buffer.from(id).toString('hex'))

export const { value, attribute } = fc.letrec<{ value: WireValue; attribute: WireAttribute }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.boolean(),
    double,
    fc.constant(null),
    int64.map((int) => ({ int })),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ bytes })),
    fc.array(tie('value'), { maxLength: 4 }).map((array) => ({ array })),
    fc.array(tie('attribute'), { maxLength: 4 }).map((kvlist) => ({ kvlist })),
  ),
  attribute: fc.tuple(text, tie('value')),
}))

const attributes = fc.array(attribute, { maxLength: 6 })

const event: fc.Arbitrary<WireEvent> = plainRecord({ name: text, timeNanos: nanos, attributes, droppedAttributes: uint32 })
const link: fc.Arbitrary<WireLink> = plainRecord({
  traceId: nonZeroHex(16),
  spanId: nonZeroHex(8),
  traceState: text,
  attributes,
  droppedAttributes: uint32,
  flags: uint32,
})

export const span: fc.Arbitrary<WireSpan> = plainRecord({
  traceId: nonZeroHex(16),
  spanId: nonZeroHex(8),
  parentSpanId: fc.oneof(fc.constant(''), nonZeroHex(8)),
  traceState: text,
  flags: uint32,
  name: text,
  kind: fc.integer({ min: 0, max: 5 }),
  startNanos: nanos,
  endNanos: nanos,
  attributes,
  droppedAttributes: uint32,
  events: fc.array(event, { maxLength: 3 }),
  droppedEvents: uint32,
  links: fc.array(link, { maxLength: 2 }),
  droppedLinks: uint32,
  status: plainRecord({ code: fc.integer({ min: 0, max: 2 }), message: text }),
})

export const log: fc.Arbitrary<WireLog> = plainRecord({
  timeNanos: nanos,
  observedNanos: nanos,
  severityNumber: fc.integer({ min: 0, max: 24 }),
  severityText: text,
  body: value,
  attributes,
  droppedAttributes: uint32,
  flags: uint32,
  traceId: fc.oneof(fc.constant(''), nonZeroHex(16)),
  spanId: fc.oneof(fc.constant(''), nonZeroHex(8)),
  invalidIds: fc.constant([]),
  eventName: fc.oneof(text, fc.constantFrom('gen_ai.client.inference.operation.details', 'gen_ai.choice')),
})

const resource = plainRecord({ attributes, droppedAttributes: uint32 })
const scope = plainRecord({ name: text, version: text, attributes, droppedAttributes: uint32 })

export const logGroups: fc.Arbitrary<WireResourceLogs[]> = fc.array(
  plainRecord({
    resource,
    schemaUrl: text,
    scopeLogs: fc.array(plainRecord({ scope, schemaUrl: text, logRecords: fc.array(log, { maxLength: 3 }) }), { maxLength: 2 }),
  }),
  { maxLength: 2 },
)

export const resourceSpans: fc.Arbitrary<WireResourceSpans[]> = fc.array(
  plainRecord({
    resource,
    schemaUrl: text,
    scopeSpans: fc.array(
      plainRecord({
        scope,
        schemaUrl: text,
        spans: fc.array(span, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 2 },
)
