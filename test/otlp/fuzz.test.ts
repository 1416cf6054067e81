import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  attributeValueOf,
  decodeExportResponse,
  decodeLogs,
  decodeStatus,
  decodeTraces,
  encodeLogsJson,
  encodeTracesJson,
  type OtlpEncoding,
  type WireResourceLogs,
  type WireResourceSpans,
} from '../../src/otlp/index.ts'
import { RepriseError } from '../../src/schemas/index.ts'
import { logGroups, resourceSpans } from './arbitraries.ts'
import { settled, settledLogs, writeLogs, writeTraces } from './helpers.ts'
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

/** As `survives`, for log records. */
function logsSurvive(body: Uint8Array, encoding: OtlpEncoding): void {
  let groups: readonly WireResourceLogs[]
  try {
    const decoded = decodeLogs(body, encoding)
    groups = decoded.resourceLogs
    const logs = groups.flatMap((group) => group.scopeLogs.flatMap((scope) => scope.logRecords))
    expect(decoded.accepted).toBe(logs.length)
    for (const log of logs) {
      expect(log.traceId).toMatch(/^(?:[0-9a-f]{32})?$/)
      expect(log.spanId).toMatch(/^(?:[0-9a-f]{16})?$/)
      attributeValueOf(log.body)
      for (const [, value] of log.attributes) attributeValueOf(value)
    }
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    expect(['malformed_body', 'limit_exceeded']).toContain(error.code)
    return
  }
  const whole = settledLogs(groups).map((group) => ({
    ...group,
    // An id that is none is not written again.
    scopeLogs: group.scopeLogs.map((scope) => ({ ...scope, logRecords: scope.logRecords.map((log) => ({ ...log, invalidIds: [] })) })),
  }))
  expect(settledLogs(decodeLogs(writeLogs(groups), 'protobuf').resourceLogs)).toStrictEqual(whole)
}

it.each([
  ['protobuf', (groups: WireResourceLogs[]) => Buffer.from(writeLogs(groups))],
  ['json', (groups: WireResourceLogs[]) => Buffer.from(encodeLogsJson(groups))],
] as const)('mutated %s bodies of logs', (encoding, encode) => {
  fc.assert(
    fc.property(logGroups, mutations, (groups, changes) => {
      logsSurvive(
        changes.reduce<Buffer>((bytes, change) => change(bytes), encode(groups)),
        encoding,
      )
    }),
    RUNS,
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

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
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      survives(bytes, encoding)
      logsSurvive(bytes, encoding)
    }),
    RUNS,
  )
})

it('any JSON as a body', () => {
  // Keys of ours, so that some of it is taken for spans.
  const key = fc.constantFrom(
    'resourceSpans',
    'resourceLogs',
    'scopeLogs',
    'logRecords',
    'body',
    'severityNumber',
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
      const logs = wrapped ? { resourceLogs: [{ scopeLogs: [{ logRecords: [value] }] }] } : value
      logsSurvive(Buffer.from(JSON.stringify(logs) ?? ''), 'json')
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
