import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { decodeExportResponse, decodeLogsResponse } from '../../src/otlp/index.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { attributeField, bytesField, concat, requestOf, spanField, tag, varint, varintField } from '../otlp/raw-protobuf.ts'
import { EXPORT, RawClient } from './grpc-client.ts'
import { Bench, JSON_TYPE, PROTOBUF } from './support.ts'

const MIB = 1024 * 1024
const bench = new Bench()
const prototypeKeys = Reflect.ownKeys(Object.prototype)
let collector: Collector
let client: RawClient

beforeAll(async () => {
  collector = await bench.collector({ grpcPort: 0, bodyMaxBytes: 16 * MIB, decodedMaxBytes: 64 * MIB })
  client = new RawClient(collector.grpcPort ?? 0)
})
afterAll(async () => {
  client.close()
  await bench.tearDown()
})
/** Whatever came: no worker was lost, nothing is held, nothing is polluted, and the next request is served. */
afterEach(async () => {
  expect(await post('traces', writeTraces(groupOf([bareSpan()])), PROTOBUF)).toMatchObject({ status: 200, rejected: 0 })
  expect(collector.stats()).toMatchObject({ workersLost: 0, inFlightBytes: 0 })
  expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})

interface Answer {
  readonly status: number
  readonly rejected: number
  readonly message: string
}

async function post(signal: 'traces' | 'logs', body: Uint8Array | string, headers: Record<string, string>): Promise<Answer> {
  const url = `${collector.url}/v1/${signal}`
  const response = await fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : new Uint8Array(body) })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) return { status: response.status, rejected: 0, message: Buffer.from(bytes).toString() }
  const encoding = headers['content-type'] === 'application/json' ? 'json' : 'protobuf'
  if (signal === 'logs') {
    const { rejectedLogRecords, errorMessage } = decodeLogsResponse(encoding, bytes)
    return { status: 200, rejected: rejectedLogRecords, message: errorMessage }
  }
  const { rejectedSpans, errorMessage } = decodeExportResponse(encoding, bytes)
  return { status: 200, rejected: rejectedSpans, message: errorMessage }
}

/** `levels` messages in one another, each a tag and what is inside; the innermost is empty. */
function nested(levels: number, tagAt: (level: number) => number): Uint8Array {
  const headers: Uint8Array[] = []
  let size = 0
  for (let level = levels - 1; level >= 0; level--) {
    const header = concat([tagAt(level)], varint(size))
    headers.push(header)
    size += header.length
  }
  return Buffer.concat(headers.reverse())
}

const deepValue = (levels: number): Uint8Array => nested(levels, (level) => (level % 2 === 0 ? 0x2a : 0x0a))
const logRequest = (...fields: Uint8Array[]): Uint8Array => bytesField(1, bytesField(2, bytesField(2, ...fields)))

describe('nesting 10,000 deep', () => {
  it('in an attribute of a span and in the body of a log record rejects that record', async () => {
    const span = requestOf(spanField('deep', attributeField(9, 'k', deepValue(10_000))), spanField('good'))
    expect(await post('traces', span, PROTOBUF)).toMatchObject({
      status: 200,
      rejected: 1,
      message: expect.stringContaining('nested deeper than 64'),
    })
    const log = logRequest(bytesField(5, deepValue(10_000)))
    expect(await post('logs', log, PROTOBUF)).toMatchObject({
      status: 200,
      rejected: 1,
      message: expect.stringContaining('body: a value nested deeper'),
    })
    expect(await client.send(log, EXPORT.logs)).toMatchObject({ code: 0 })
  })

  it('in JSON refuses the request', async () => {
    const value = `${'{"arrayValue":{"values":['.repeat(5_000)}${']}}'.repeat(5_000)}`
    for (const [signal, body] of [
      ['traces', `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":${value}}]}]}]}]}`],
      ['logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`],
    ] as const) {
      expect(await post(signal, body, JSON_TYPE)).toMatchObject({ status: 413, message: expect.stringContaining('levels of nesting') })
    }
  })

  it('of groups that nobody knows refuses the request, or rejects the record that they stand in', async () => {
    const groups = Buffer.concat([...Array.from({ length: 10_000 }, () => tag(50, 3)), ...Array.from({ length: 10_000 }, () => tag(50, 4))])
    expect(await post('traces', concat(groups), PROTOBUF)).toMatchObject({ status: 400 })
    expect(await post('logs', logRequest(groups), PROTOBUF)).toMatchObject({
      status: 200,
      rejected: 1,
      message: expect.stringContaining('groups nested'),
    })
    expect(await client.send(groups)).toMatchObject({ code: 3 })
  })
})

it.each([
  ['in one another', '['.repeat(5_000_000), [413, 413]],
  ['of objects in one another', '{"a":'.repeat(2_500_000), [413, 413]],
  ['side by side', `{"resourceLogs":[${'[],'.repeat(2_500_000)}[]]}`, [400, 400]],
  ['and commas side by side', `[${',[]'.repeat(5_000_000)}]`, [413, 413]],
] as const)('5,000,000 brackets %s end in an answer', async (_, text, statuses) => {
  for (const [at, signal] of (['traces', 'logs'] as const).entries())
    expect((await post(signal, text, JSON_TYPE)).status).toBe(statuses[at])
})

describe('an attribute of 100 MB', () => {
  it('is over the bound of a body', async () => {
    const large = new Uint8Array(100_000_000).fill(0x61)
    expect(await client.send(large)).toMatchObject({ code: 8, statusDetails: undefined })
    const response = await fetch(`${collector.url}/v1/logs`, { method: 'POST', headers: PROTOBUF, body: large }).catch(() => undefined)
    // The answer comes before the body is sent, and the connection may end before it is read.
    if (response !== undefined) expect(response.status).toBe(413)
  })

  it('that is only said to be there runs past the end', async () => {
    const lie = concat([0x0a], varint(100_000_000), [1, 2, 3])
    for (const signal of ['traces', 'logs'] as const) expect(await post(signal, lie, PROTOBUF)).toMatchObject({ status: 400 })
    const inside = logRequest(concat([0x2a], varint(2 ** 40), [1, 2, 3]))
    expect(await post('logs', inside, PROTOBUF)).toMatchObject({ status: 200, rejected: 1 })
  })
})

it('text that is no UTF-8 rejects the record that it stands in', async () => {
  const bad = Uint8Array.of(0xc3, 0x28, 0xff)
  expect(await post('traces', requestOf(spanField('bad', bytesField(3, bad)), spanField('good')), PROTOBUF)).toMatchObject({ rejected: 1 })
  for (const fields of [
    bytesField(5, bytesField(1, bad)),
    bytesField(12, bad),
    attributeField(6, 'k', bytesField(1, concat(new Uint8Array(1_000).fill(0x61), bad))),
  ]) {
    expect(await post('logs', logRequest(fields), PROTOBUF)).toMatchObject({
      status: 200,
      rejected: 1,
      message: expect.stringContaining('not valid UTF-8'),
    })
  }
  const json = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"\\ud800"},{"eventName":"good"}]}]}]}'
  expect(await post('logs', json, JSON_TYPE)).toMatchObject({ status: 200, rejected: 1 })
  expect(await post('logs', Buffer.concat([Buffer.from('{"resourceLogs":[],"x":"'), bad, Buffer.from('"}')]), JSON_TYPE)).toMatchObject({
    status: 400,
  })
})

describe('attributes', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => [`key.${index}`, index % 2 === 0] as const)

  it('of 1,024 keys are taken, and one more is not', async () => {
    for (const [count, rejected] of [
      [1_024, 0],
      [1_025, 1],
    ] as const) {
      expect(await post('traces', writeTraces(groupOf([bareSpan({ attributes: many(count) })])), PROTOBUF)).toMatchObject({ rejected })
      expect(await post('logs', writeLogs(logGroupOf([bareLog({ attributes: many(count) })])), PROTOBUF)).toMatchObject({ rejected })
    }
  })

  it('of one key 1,000 times leave the last', async () => {
    const attributes = Array.from({ length: 1_000 }, (_, index) => ['same', { int: BigInt(index) }] as const)
    expect(await post('logs', writeLogs(logGroupOf([bareLog({ attributes })])), PROTOBUF)).toMatchObject({ status: 200, rejected: 0 })
  })

  it('by the names of what every object has are data, also in JSON', async () => {
    const keys = ['__proto__', 'constructor', 'prototype', 'toString', '__proto__.polluted', 'constructor.prototype.polluted']
    const attributes = keys.map((key) => ({ key, value: { kvlistValue: { values: [{ key: 'polluted', value: { boolValue: true } }] } } }))
    const record = `{"attributes":${JSON.stringify(attributes)},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`
    expect(
      await post('logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}],"__proto__":{"polluted":1}}`, JSON_TYPE),
    ).toMatchObject({
      status: 200,
      rejected: 0,
    })
  })

  it('are bounded as the options say', async () => {
    const strict = await bench.collector({ attributeMaxCount: 3, depthMax: 1 })
    const body = writeTraces(
      groupOf([
        bareSpan({ attributes: many(3) }),
        bareSpan({ spanId: '1'.repeat(16), attributes: many(4) }),
        bareSpan({ spanId: '2'.repeat(16), attributes: [['k', { array: [{ array: [] }] }]] }),
      ]),
    )
    const response = await fetch(`${strict.url}/v1/traces`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body) })
    expect(decodeExportResponse('protobuf', new Uint8Array(await response.arrayBuffer())).rejectedSpans).toBe(2)
    await strict.close()
  })
})

it('numbers in ten bytes, and fields of another wire type, are read as protobuf has it', async () => {
  const padded = concat([0x2a], [0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], [0x10, 0x01])
  expect(await post('logs', logRequest(padded, varintField(3, 7)), PROTOBUF)).toMatchObject({ status: 200, rejected: 0 })
  const eleven = concat([0x38], new Uint8Array(10).fill(0x80), [0])
  expect(await post('logs', logRequest(eleven), PROTOBUF)).toMatchObject({ status: 200, rejected: 1 })
})
