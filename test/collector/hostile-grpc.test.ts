import { type ClientHttp2Session, connect } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { varint } from '../otlp/raw-protobuf.ts'
import { type Attack, attackedIn } from './attacked.ts'
import { EXPORT, framed, RawClient } from './grpc-client.ts'
import { Bench } from './support.ts'

const MIB = 1024 * 1024
/** Resident memory is asked of the system. */
const onLinux = process.platform === 'linux'
const bench = new Bench()
afterEach(async () => await bench.tearDown())
const attacked = async (workers: number, attack: Attack): Promise<void> => await attackedIn(bench.folder(), { workers }, attack)

/** Calls side by side over a few connections; what each ended with. */
async function flood(port: number, count: number, body: Uint8Array, headers: Record<string, string> = {}): Promise<Set<string>> {
  const sessions = Array.from({ length: 8 }, () => connect(`http://127.0.0.1:${port}`).on('error', () => undefined))
  const call = async (session: ClientHttp2Session): Promise<string> =>
    await new Promise((resolve) => {
      let end = 'nothing'
      const stream = session.request({
        ':method': 'POST',
        ':path': EXPORT.traces,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      })
      const note = (found: Record<string, unknown>): void => {
        if (found['grpc-status'] !== undefined) end = String(found['grpc-status'])
      }
      stream
        .on('response', note)
        .on('trailers', note)
        .on('error', (error: Error & { code?: string }) => (end = error.code ?? error.message))
        .on('close', () => resolve(end))
        .resume()
        .end(body)
    })
  try {
    return new Set(await Promise.all(Array.from({ length: count }, async (_, index) => await call(sessions[index % sessions.length]!))))
  } finally {
    for (const session of sessions) session.destroy()
  }
}

async function serves(port: number): Promise<void> {
  const client = new RawClient(port)
  expect(await client.send(writeTraces(groupOf([bareSpan()])))).toMatchObject({ code: 0 })
  client.close()
}

describe.runIf(onLinux)('memory stays flat', () => {
  it('under calls of thousands of empty messages', async () => {
    await attacked(1, async ({ grpcPort, grownMib, turnedAway }) => {
      // As many as one frame of HTTP/2 holds.
      const ends = await flood(grpcPort, 800, Buffer.alloc(3_276 * 5))
      expect([...ends].filter((end) => end !== '12' && end !== '8')).toEqual([])
      await serves(grpcPort)
      expect(grownMib()).toBeLessThan(110)
      expect((await turnedAway())['second_message']).toBeGreaterThan(0)
    })
  })

  it.each([
    ['that fit, one worker', 1, 63],
    ['that do not fit, four workers', 4, 100],
  ])('under bombs %s', async (_what, workers, mib) => {
    await attacked(workers, async ({ grpcPort, grownMib }) => {
      const bomb = framed(gzipSync(Buffer.concat([Uint8Array.of(0x7a), varint(mib * MIB), Buffer.alloc(mib * MIB)])), 1)
      const ends = await flood(grpcPort, 30, bomb, { 'grpc-encoding': 'gzip' })
      expect([...ends].filter((end) => end !== '0' && end !== '3' && end !== '8')).toEqual([])
      await serves(grpcPort)
      // Each worker takes some 25 when it begins to work; without a bound over all of them it would be 64 and more.
      expect(grownMib()).toBeLessThan(150 + 30 * workers)
    })
  })

  it('under messages that are announced and do not come', async () => {
    await attacked(1, async ({ grpcPort, grownMib }) => {
      const head = Buffer.alloc(5 + 1_000)
      head.writeUInt32BE(60 * MIB, 1)
      const sessions = Array.from({ length: 10 }, () => connect(`http://127.0.0.1:${grpcPort}`).on('error', () => undefined))
      for (const session of sessions) {
        for (let count = 0; count < 10; count++) {
          const stream = session.request({ ':method': 'POST', ':path': EXPORT.traces, 'content-type': 'application/grpc', te: 'trailers' })
          stream
            .on('error', () => undefined)
            .resume()
            .write(Buffer.concat([head, Buffer.alloc(60_000)]))
        }
      }
      try {
        // They give way to it, so many at a time.
        await serves(grpcPort)
        expect(grownMib()).toBeLessThan(110)
      } finally {
        for (const session of sessions) session.destroy()
      }
    })
  })
})
