import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  attributeValueOf,
  decodeExportResponse,
  decodeStatus,
  decodeTraces,
  encodeTracesJson,
  type OtlpEncoding,
  type WireResourceSpans,
} from '../../src/otlp/index.ts'
import { RepriseError } from '../../src/schemas/index.ts'
import { resourceSpans } from './arbitraries.ts'
import { settled, writeTraces } from './helpers.ts'
import { mutations } from './mutations.ts'

const RUNS = { numRuns: 1_500 }
const prototypeKeys = Object.getOwnPropertyNames(Object.prototype)

/** Whatever the bytes: a result that can be used to the end, or a RepriseError. */
function survives(body: Uint8Array, encoding: OtlpEncoding): void {
  let groups: readonly WireResourceSpans[]
  try {
    const decoded = decodeTraces(body, encoding)
    groups = decoded.resourceSpans
    const spans = groups.flatMap((group) => group.scopeSpans.flatMap((scope) => scope.spans))
    expect(decoded.accepted).toBe(spans.length)
    for (const span of spans) {
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(span.name.isWellFormed()).toBe(true)
      for (const [, value] of span.attributes) attributeValueOf(value)
    }
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    expect(['malformed_body', 'limit_exceeded']).toContain(error.code)
    return
  }
  // What was accepted is whole: it can be written and read again.
  expect(settled(decodeTraces(writeTraces(groups), 'protobuf').resourceSpans)).toStrictEqual(settled(groups))
}

it.each([
  ['protobuf', (groups: WireResourceSpans[]) => Buffer.from(writeTraces(groups))],
  ['json', (groups: WireResourceSpans[]) => Buffer.from(encodeTracesJson(groups))],
] as const)('mutated %s bodies', (encoding, encode) => {
  fc.assert(
    fc.property(resourceSpans, mutations, (groups, changes) => {
      survives(
        changes.reduce<Buffer>((bytes, change) => change(bytes), encode(groups)),
        encoding,
      )
    }),
    RUNS,
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

it.each(['protobuf', 'json'] as const)('random bytes as %s', (encoding) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(bytes, encoding)),
    RUNS,
  )
})

it('any JSON as a body', () => {
  // Keys of ours, so that some of it is taken for spans.
  const key = fc.constantFrom(
    'resourceSpans',
    'scopeSpans',
    'spans',
    'attributes',
    'key',
    'value',
    'traceId',
    'spanId',
    'events',
    'links',
    '__proto__',
    'stringValue',
    'arrayValue',
    'values',
    'intValue',
    'low',
    'high',
    'status',
    'scope',
    'resource',
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium', maxDepth: 12 },
      fc.constantFrom(null, true, 0, -1, 1e300, 2 ** 60, '', '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'NaN'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(tree, fc.boolean(), (value, wrapped) => {
      const root = wrapped ? { resourceSpans: [{ scopeSpans: [{ spans: [value] }] }] } : value
      survives(Buffer.from(JSON.stringify(root) ?? ''), 'json')
    }),
    RUNS,
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

it.each(['protobuf', 'json'] as const)('random bytes as an answer in %s', (encoding) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        for (const decode of [decodeExportResponse, decodeStatus]) {
          try {
            decode(encoding, bytes)
          } catch (error) {
            if (!RepriseError.isInstance(error)) throw error
          }
        }
      },
    ),
    RUNS,
  )
})
