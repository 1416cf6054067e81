import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Digest, digestOf, RepriseError } from '../../src/schemas/index.ts'
import { looseFile } from '../../src/store/blobs/blob-store.ts'
import { layoutOf } from '../../src/store/files/layout.ts'
import { addressPayload, openStore, type Store } from '../../src/store/index.ts'
import { hexOf, openForTest, prepareSpan, temporaryFolder } from './support/records.ts'

const MIB = 1024 * 1024

function noise(seed: string, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = Number.parseInt(hexOf(8, seed), 16); at + 4 <= length; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  return bytes
}

/** A history that is kept as a manifest over lists, messages of all sizes, one of them a file of its own. */
function history(): Buffer {
  const messages = Array.from({ length: 400 }, (_, index) => ({
    role: 'user',
    content: noise(`message ${index}`, index === 200 ? 2 * MIB : 20 + ((index * 97) % 9000)).toString('base64'),
  }))
  return Buffer.from(JSON.stringify({ model: 'm', messages }))
}

const PAYLOADS: Readonly<Record<string, readonly [Buffer, string]>> = {
  'a small one': [noise('small', 5000), 'application/octet-stream'],
  'one just below a file of its own': [noise('below', MIB), 'application/octet-stream'],
  'a file of its own': [noise('file', 3 * MIB + 17), 'application/octet-stream'],
  'a history': [history(), 'application/json'],
}

async function put(store: Store): Promise<void> {
  for (const [bytes, mediaType] of Object.values(PAYLOADS)) {
    const { record } = prepareSpan()
    await store.append({ records: [record], blobs: addressPayload(bytes, mediaType).blobs })
  }
}

async function rangeOf(store: Store, digest: Digest, start: number, end: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.blobs.readRange(digest, start, end)) {
    expect(piece.length).toBeLessThanOrEqual(MIB)
    pieces.push(Uint8Array.from(piece))
  }
  return Buffer.concat(pieces)
}

async function codeOf(read: Promise<unknown>): Promise<string> {
  return await read.then(
    () => 'nothing was thrown',
    (error: unknown) => (RepriseError.isInstance(error) ? error.code : String(error)),
  )
}

describe('a range of an artifact', () => {
  test.each(Object.keys(PAYLOADS))('of %s is that stretch of its bytes, sealed or not', async (what) => {
    const [bytes] = PAYLOADS[what] ?? []
    if (bytes === undefined) throw new Error(what)
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir, { segmentRollBytes: MIB })
    await put(store)
    const digest = digestOf(bytes)
    const edges = [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, bytes.length - 1, bytes.length].filter((at) => at <= bytes.length)
    const place = fc.oneof(fc.constantFrom(...edges), fc.nat(bytes.length))
    const holds = fc.asyncProperty(place, place, async (one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other)]
      expect((await rangeOf(store, digest, start, end)).equals(bytes.subarray(start, end))).toBe(true)
    })
    await fc.assert(holds, { numRuns: 25 })
    expect((await rangeOf(store, digest, 0, bytes.length)).equals(bytes)).toBe(true)
    await store.seal()
    await fc.assert(holds, { numRuns: 25 })
  })

  test('holds no more of a large one than the range', async () => {
    const large = noise('large', 96 * MIB)
    const digest = digestOf(large)
    const store = await openForTest(temporaryFolder({ inMemory: true }))
    await store.append({ records: [prepareSpan().record], blobs: addressPayload(large, 'application/octet-stream').blobs })
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    let got = 0
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 1)
    for await (const piece of store.blobs.readRange(digest, 10 * MIB, 14 * MIB)) {
      got += piece.length
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    clearInterval(look)
    expect(got).toBe(4 * MIB)
    // What waits for a collection of garbage is counted too; the whole would be 96.
    expect(most).toBeLessThan(48 * MIB)
  }, 30_000)

  test('that is not within it, or of nothing that is there, is refused', async () => {
    const store = await openForTest(temporaryFolder())
    await put(store)
    const digest = digestOf(PAYLOADS['a file of its own']?.[0] ?? Buffer.alloc(0))
    const size = store.blobs.info(digest)?.sizeBytes ?? 0
    for (const [start, end] of [
      [-1, 1],
      [2, 1],
      [0, size + 1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const)
      expect(await codeOf(rangeOf(store, digest, start, end))).toBe('invalid_argument')
    expect(await codeOf(rangeOf(store, digestOf('nothing'), 0, 0))).toBe('artifact_missing')
  })

  test.each(['before it was ever read', 'after it was found sound'])('is never wrong bytes: one that the disk changes %s', async (when) => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await put(store)
    await store.close()
    const reader = await openStore(dir, { mode: 'read' })
    const [bytes] = PAYLOADS['a file of its own'] ?? []
    if (bytes === undefined) throw new Error('no payload')
    const digest = digestOf(bytes)
    if (when.startsWith('after')) await rangeOf(reader, digest, 0, 10)
    const path = looseFile(layoutOf(dir), digest)
    const fd = openSync(path, 'r+')
    const byte = Buffer.alloc(1)
    readSync(fd, byte, 0, 1, 2 * MIB)
    writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 2 * MIB)
    closeSync(fd)
    expect(await codeOf(rangeOf(reader, digest, 2 * MIB - 5, 2 * MIB + 5))).toBe('integrity')
    // Found once, it is looked at as a whole again.
    expect(await codeOf(rangeOf(reader, digest, 0, 10))).toBe('integrity')
    renameSync(path, `${path}.gone`)
    expect(await codeOf(rangeOf(reader, digest, 0, 10))).toBe('artifact_missing')
    rmSync(`${path}.gone`)
    await reader.close()
  })
})
