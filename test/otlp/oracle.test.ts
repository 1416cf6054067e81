import { fromBinary, type Message, toBinary, toJsonString } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeLogs,
  decodeTraces,
  encodeLogsJson,
  encodeTracesJson,
  type OtlpEncoding,
  type WireResourceLogs,
  type WireResourceSpans,
} from '../../src/otlp/index.ts'
import { logGroups, resourceSpans } from './arbitraries.ts'
import { messageSchema } from './descriptors.ts'
import { settled, settledLogs, writeLogs, writeTraces } from './helpers.ts'
import { logsMessage, tracesMessage } from './oracle-forms.ts'

const RUNS = { numRuns: 200 }

interface Signal<Groups> {
  readonly name: string
  readonly request: ReturnType<typeof messageSchema>
  readonly groups: fc.Arbitrary<Groups>
  readonly messageOf: (groups: Groups) => Message
  readonly write: (groups: Groups) => Uint8Array
  readonly json: (groups: Groups) => string
  readonly read: (body: Uint8Array, encoding: OtlpEncoding) => { readonly groups: Groups; readonly rejected: readonly unknown[] }
}

const traces: Signal<readonly WireResourceSpans[]> = {
  name: 'traces',
  request: messageSchema('ExportTraceServiceRequest'),
  groups: resourceSpans,
  messageOf: tracesMessage,
  write: writeTraces,
  json: encodeTracesJson,
  read: (body, encoding) => {
    const decoded = decodeTraces(body, encoding)
    return { groups: settled(decoded.resourceSpans), rejected: decoded.rejected }
  },
}

const logs: Signal<readonly WireResourceLogs[]> = {
  name: 'logs',
  request: messageSchema('ExportLogsServiceRequest'),
  groups: logGroups,
  messageOf: logsMessage,
  write: writeLogs,
  json: encodeLogsJson,
  read: (body, encoding) => {
    const decoded = decodeLogs(body, encoding)
    return { groups: settledLogs(decoded.resourceLogs), rejected: decoded.rejected }
  },
}

function againstTheOracle<Groups>({ name, request, groups: arbitrary, messageOf, write, json, read }: Signal<Groups>): void {
  describe(name, () => {
    it('reads what the oracle wrote', () => {
      fc.assert(
        fc.property(arbitrary, (groups) => {
          expect(read(toBinary(request, messageOf(groups)), 'protobuf')).toStrictEqual({ groups, rejected: [] })
        }),
        RUNS,
      )
    })

    it('writes what the oracle reads', () => {
      fc.assert(
        fc.property(arbitrary, (groups) => {
          const message = fromBinary(request, write(groups))
          expect(toJsonString(request, message)).toBe(toJsonString(request, messageOf(groups)))
          // Nothing in it that the oracle did not understand: written by the oracle it is what the oracle would have written at first.
          expect(Buffer.from(toBinary(request, message)).toString('hex')).toBe(
            Buffer.from(toBinary(request, messageOf(groups))).toString('hex'),
          )
        }),
        RUNS,
      )
    })

    it('reads its own JSON', () => {
      fc.assert(
        fc.property(arbitrary, (groups) => {
          expect(read(Buffer.from(json(groups)), 'json')).toStrictEqual({ groups, rejected: [] })
        }),
        RUNS,
      )
    })

    // The standard JSON form of protobuf has ids as base64 and enums by name: a dump that OTLP/JSON does not allow and we accept.
    it('reads the standard protobuf JSON of the oracle, with camelCase and with proto field names', () => {
      fc.assert(
        fc.property(arbitrary, fc.boolean(), (groups, useProtoFieldName) => {
          const text = toJsonString(request, messageOf(groups), { useProtoFieldName })
          const decoded = read(Buffer.from(text), 'json')
          expect(decoded.rejected).toEqual([])
          // JSON.stringify, which the oracle uses, writes -0 as 0.
          expect(json(decoded.groups)).toBe(json(groups).replaceAll('"doubleValue":-0}', '"doubleValue":0}'))
        }),
        RUNS,
      )
    })
  })
}

againstTheOracle(traces)
againstTheOracle(logs)
