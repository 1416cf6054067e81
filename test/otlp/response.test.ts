import { create, fromBinary, toBinary, toJsonString } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeExportResponse,
  decodeLogsResponse,
  decodeStatus,
  encodeExportResponse,
  encodeLogsResponse,
  encodeRetryInfo,
  encodeStatus,
} from '../../src/otlp/index.ts'
import { text } from './arbitraries.ts'
import { messageSchema } from './descriptors.ts'

const count = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))

describe.each(['protobuf', 'json'] as const)('answers in %s', (encoding) => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(count, text, (rejectedSpans, errorMessage) => {
        expect(decodeExportResponse(encoding, encodeExportResponse(encoding, { rejectedSpans, errorMessage }))).toEqual({
          rejectedSpans,
          errorMessage,
        })
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), text, (code, message) => {
        expect(decodeStatus(encoding, encodeStatus(encoding, code, message))).toEqual({ code, message })
      }),
    )
  })

  it('say full success with nothing in them', () => {
    expect(Buffer.from(encodeExportResponse(encoding)).toString()).toBe(encoding === 'json' ? '{}' : '')
    expect(decodeExportResponse(encoding, new Uint8Array(0))).toEqual({ rejectedSpans: 0, errorMessage: '' })
  })

  it('that make no sense are refused', () => {
    const body = Buffer.from(encoding === 'json' ? '{"partialSuccess":' : '\x0a\x7f')
    expect(() => decodeExportResponse(encoding, body)).toThrow(expect.objectContaining({ code: 'malformed_body' }))
    expect(() => decodeStatus(encoding, body)).toThrow(expect.objectContaining({ code: 'malformed_body' }))
  })
})

describe('against the oracle', () => {
  const response = messageSchema('ExportTraceServiceResponse')
  const status = messageSchema('RpcStatus')

  it('protobuf', () => {
    fc.assert(
      fc.property(count, text, (rejectedSpans, errorMessage) => {
        const message = create(response, { partialSuccess: { rejectedSpans: BigInt(rejectedSpans), errorMessage } })
        expect(decodeExportResponse('protobuf', toBinary(response, message))).toEqual({ rejectedSpans, errorMessage })
        expect(decodeExportResponse('json', Buffer.from(toJsonString(response, message)))).toEqual({ rejectedSpans, errorMessage })
        if (rejectedSpans === 0 && errorMessage === '') return
        expect(fromBinary(response, encodeExportResponse('protobuf', { rejectedSpans, errorMessage }))).toEqual(message)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), text, (code, detail) => {
        const message = create(status, { code, message: detail })
        expect(decodeStatus('protobuf', toBinary(status, message))).toEqual({ code, message: detail })
        expect(fromBinary(status, encodeStatus('protobuf', code, detail))).toEqual(message)
      }),
    )
  })
})

describe('what receivers really answer', () => {
  it.each([
    ['{"partialSuccess":{}}', 0, ''],
    ['{"partialSuccess":null}', 0, ''],
    ['{"partialSuccess":{"rejectedSpans":3,"errorMessage":"why"}}', 3, 'why'],
    ['{"partialSuccess":{"rejectedSpans":"3"}}', 3, ''],
    ['{"partial_success":{"rejected_spans":"3","error_message":"why"},"more":[1]}', 3, 'why'],
    ['{"partialSuccess":{"rejectedSpans":"-5"}}', 0, ''],
    ['{"partialSuccess":{"rejectedSpans":"9223372036854775807"}}', Number.MAX_SAFE_INTEGER, ''],
  ])('%s', (body, rejectedSpans, errorMessage) => {
    expect(decodeExportResponse('json', Buffer.from(body))).toEqual({ rejectedSpans, errorMessage })
  })
})

describe('answers to logs', () => {
  const response = messageSchema('ExportLogsServiceResponse')

  it('are those of the oracle, by their own name', () => {
    fc.assert(
      fc.property(count, text, (rejectedLogRecords, errorMessage) => {
        const answer = { rejectedLogRecords, errorMessage }
        const message = create(response, { partialSuccess: { rejectedLogRecords: BigInt(rejectedLogRecords), errorMessage } })
        expect(decodeLogsResponse('protobuf', toBinary(response, message))).toEqual(answer)
        expect(decodeLogsResponse('json', Buffer.from(toJsonString(response, message)))).toEqual(answer)
        for (const encoding of ['protobuf', 'json'] as const)
          expect(decodeLogsResponse(encoding, encodeLogsResponse(encoding, answer))).toEqual(answer)
        if (rejectedLogRecords === 0 && errorMessage === '') return
        expect(fromBinary(response, encodeLogsResponse('protobuf', answer))).toEqual(message)
      }),
    )
  })
})

describe('a status with RetryInfo', () => {
  it('is read by the oracle as it was meant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), text, fc.integer({ min: 0, max: 86_400 }), (code, message, seconds) => {
        const bytes = encodeRetryInfo(code, message, seconds)
        const [status, info] = [messageSchema('RpcStatus'), messageSchema('RetryInfo')]
        const retry = toBinary(info, create(info, { retryDelay: seconds === 0 ? {} : { seconds: BigInt(seconds) } }))
        expect(fromBinary(status, new Uint8Array(bytes))).toEqual(
          create(status, { code, message, details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: retry }] }),
        )
        expect(decodeStatus('protobuf', bytes)).toEqual({ code, message })
      }),
    )
  })
})
