import { gzipSync } from 'node:zlib'
import { fromBinary } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector, CollectorOptions } from '../../src/collector/index.ts'
import { decodeExportResponse, decodeLogsResponse } from '../../src/otlp/index.ts'
import { messageSchema } from '../otlp/descriptors.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { EXPORT, framed, RawClient, rawCall } from './grpc-client.ts'
import { Bench, readTape } from './support.ts'

const bench = new Bench()
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await bench.tearDown()
})

async function serve(options: Partial<CollectorOptions> = {}): Promise<{ collector: Collector; client: RawClient; port: number }> {
  const collector = await bench.collector({ grpcPort: 0, ...options })
  const port = collector.grpcPort ?? 0
  const client = new RawClient(port)
  clients.push(client)
  return { collector, client, port }
}

const spans = (count: number): Uint8Array =>
  writeTraces(groupOf(Array.from({ length: count }, (_, index) => bareSpan({ spanId: (index + 1).toString(16).padStart(16, '0') }))))

/** Seconds of the RetryInfo in a google.rpc.Status, read by the oracle. */
function retrySeconds(statusDetails: Uint8Array | undefined): number | undefined {
  if (statusDetails === undefined) return undefined
  const { details } = fromBinary(messageSchema('RpcStatus'), statusDetails) as unknown as {
    details: { typeUrl: string; value: Uint8Array }[]
  }
  expect(details[0]?.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo')
  const info = fromBinary(messageSchema('RetryInfo'), details[0]!.value) as unknown as { retryDelay: { seconds: bigint } }
  return Number(info.retryDelay.seconds)
}

describe('Export', () => {
  it('of traces and of logs puts the records on the tape', async () => {
    const { collector, client } = await serve()
    expect(await client.send(spans(3))).toMatchObject({ code: status.OK })
    expect(await client.send(writeLogs(logGroupOf([bareLog()])), EXPORT.logs)).toMatchObject({ code: status.OK })
    expect(collector.stats()).toMatchObject({ requests: 2, received: 4, accepted: 4, inFlightBytes: 0 })
    await collector.close()
    const { spans: stored, lines } = await readTape(collector.store)
    expect([stored.length, lines.length]).toEqual([3, 4])
  })
})
