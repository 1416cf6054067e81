import { join } from 'node:path'
import { request, fetch as undiciFetch } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { digestOf } from '../../src/schemas/public.ts'
import { addressPayload, openStore } from '../../src/store/index.ts'
import { prepareSpan } from '../store/support/records.ts'
import { Bench, NO_THREADS } from './support.ts'

const MIB = 1024 * 1024
const bench = new Bench(NO_THREADS)
afterEach(() => bench.tearDown())

const SMALL = Buffer.from('0123456789')
const LARGE = Buffer.alloc(24 * MIB, 'a stretch of bytes that is no multiple of anything ')
const NOTHING = Buffer.alloc(0)

async function serving(...payloads: Buffer[]): Promise<Collector> {
  const store = join(bench.folder(), 'store')
  const writer = await openStore(store, { mode: 'write' })
  const blobs = payloads.flatMap((bytes) => addressPayload(bytes, 'application/octet-stream').blobs)
  await writer.append({ records: [prepareSpan().record], blobs })
  await writer.close()
  return await bench.collector({ store })
}

const urlOf = (collector: Collector, bytes: Buffer): string => `${collector.url}/api/v1/artifacts/${digestOf(bytes)}`

interface Answer {
  readonly status: number
  readonly range: string | null
  readonly length: string | null
  readonly body: Buffer
}

async function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const answer = await undiciFetch(url, { headers, method })
  return {
    status: answer.status,
    range: answer.headers.get('content-range'),
    length: answer.headers.get('content-length'),
    body: Buffer.from(await answer.arrayBuffer()),
  }
}

describe('ranges of an artifact (RFC 9110, sections 13 and 14)', () => {
  it('gives the bytes that are asked for, by any form of range', async () => {
    const collector = await serving(SMALL, LARGE)
    for (const bytes of [SMALL, LARGE]) {
      const { length } = bytes
      const url = urlOf(collector, bytes)
      for (const [range, first, last] of [
        ['bytes=0-0', 0, 0],
        ['bytes=3-6', 3, 6],
        ['bytes=4-', 4, length - 1],
        ['bytes=-3', length - 3, length - 1],
        [`bytes=-${length + 50}`, 0, length - 1],
        [`bytes=${length - 1}-${length + 50}`, length - 1, length - 1],
      ] as const) {
        const answer = await get(url, { range })
        expect({ ...answer, body: '' }, range).toEqual({
          status: 206,
          range: `bytes ${first}-${last}/${length}`,
          length: String(last + 1 - first),
          body: '',
        })
        expect(answer.body.equals(bytes.subarray(first, last + 1)), range).toBe(true)
      }
      for (const range of [`bytes=${length}-`, 'bytes=-0', `bytes=${length + 5}-${length + 9}`])
        expect(await get(url, { range })).toMatchObject({ status: 416, range: `bytes */${length}` })
      for (const range of ['bytes=6-3', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=x-'])
        expect(await get(url, { range })).toMatchObject({ status: 200, range: null, length: String(length) })
      expect((await get(url)).body.equals(bytes)).toBe(true)
    }
  })

  it('honours conditions: If-Range by the digest alone, If-None-Match, If-Match', async () => {
    const collector = await serving(SMALL)
    const url = urlOf(collector, SMALL)
    const tag = `"${digestOf(SMALL)}"`
    const statusOf = async (headers: Record<string, string>): Promise<number> => (await get(url, headers)).status
    const range = 'bytes=1-2'
    expect(await statusOf({ range, 'if-range': tag })).toBe(206)
    for (const other of ['"other"', `W/${tag}`, 'Sat, 21 Nov 2026 10:00:00 GMT', digestOf(SMALL)])
      expect(await statusOf({ range, 'if-range': other }), other).toBe(200)
    for (const same of [tag, `W/${tag}`, `"a", ${tag}`, '*']) expect(await statusOf({ 'if-none-match': same }), same).toBe(304)
    expect(await statusOf({ 'if-none-match': '"other"' })).toBe(200)
    expect(await statusOf({ 'if-none-match': tag, range })).toBe(304)
    expect(await statusOf({ 'if-match': tag, range })).toBe(206)
    expect(await statusOf({ 'if-match': '*' })).toBe(200)
    for (const other of ['"other"', `W/${tag}`]) expect(await statusOf({ 'if-match': other }), other).toBe(412)
    // A range concerns GET alone (section 14.2).
    const head = await get(url, { range }, 'HEAD')
    expect(head).toMatchObject({ status: 200, range: null, length: '10' })
  })

  it('answers for nothing, and for what is not there', async () => {
    const collector = await serving(NOTHING)
    expect(await get(urlOf(collector, NOTHING), { range: 'bytes=0-9' })).toMatchObject({ status: 200, length: '0' })
    expect(await get(urlOf(collector, SMALL), { range: 'bytes=0-9' })).toMatchObject({ status: 404 })
  })

  it('holds little of what readers do not take', async () => {
    const collector = await serving(LARGE)
    const before = process.memoryUsage().arrayBuffers
    const readers = await Promise.all(Array.from({ length: 24 }, async () => await request(urlOf(collector, LARGE))))
    let most = 0
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    // All of it would be 576 MiB.
    expect(most).toBeLessThan(120 * MIB)
    const [kept, ...others] = readers
    for (const { body } of others) body.destroy()
    const bytes = await kept?.body.arrayBuffer()
    expect(bytes !== undefined && Buffer.from(bytes).equals(LARGE)).toBe(true)
  }, 30_000)
})
