import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { addressPayload, type PreparedBlob } from '../../src/store/index.ts'
import { assembleManifest } from '../../src/store/manifests/assemble.ts'
import { findArrays } from '../../src/store/manifests/find-arrays.ts'
import { decodeParts, encodeParts, manifestSizeBytes, type Part } from '../../src/store/manifests/parts.ts'
import { hexOf } from './support/records.ts'

/** Reads a payload back from nothing but its blobs. */
function reassemble(blobs: readonly PreparedBlob[]): Buffer {
  const byDigest = new Map(blobs.map((blob) => [blob.digest as string, blob]))
  const payload = blobs.at(-1)
  if (payload === undefined) throw new Error('no blobs')
  const read = (digest: string): Buffer => {
    const blob = byDigest.get(digest)
    if (blob === undefined || blob.encoding === 'manifest') throw new Error(`no whole blob ${digest}`)
    return Buffer.from(blob.data)
  }
  if (payload.encoding !== 'manifest') return Buffer.from(payload.data)
  const data = Buffer.from(payload.data)
  return assembleManifest(payload.digest, data, manifestSizeBytes(data), (digest) => read(digest))
}

function words(seed: string, bytes: number): string {
  let text = ''
  for (let count = 0; text.length < bytes; count++) text += `${hexOf(8, seed, count)} `
  return text.slice(0, bytes)
}

function chat(turns: number, messageBytes: number): { role: string; content: string }[] {
  return Array.from({ length: turns * 2 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: words(`message ${index}`, messageBytes),
  }))
}

/** What a store would hold after all of these. */
function storedBytes(payloads: readonly string[]): { total: number; manifests: number } {
  const stored = new Map<string, PreparedBlob>()
  for (const payload of payloads) for (const blob of addressPayload(payload, 'application/json').blobs) stored.set(blob.digest, blob)
  const sizes = [...stored.values()]
  const sum = (blobs: PreparedBlob[]): number => blobs.reduce((total, { data }) => total + data.length, 0)
  return {
    total: sum(sizes),
    manifests: sum(sizes.filter(({ encoding, mediaType }) => encoding === 'manifest' || mediaType.endsWith('manifest-list'))),
  }
}

describe('any text comes back byte for byte', () => {
  const separator = fc.constantFrom('', ' ', '\n  ', '\t\r\n')
  const leaf = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('0', '-1.5e3', 'true', 'false', 'null', '"\\\\"', '"\\""', '"[{"', '"\\u005b,"'),
  )
  const message = fc
    .tuple(fc.constantFrom('user', 'tool'), fc.string({ unit: 'grapheme', maxLength: 2500 }))
    .map(([role, content]) => JSON.stringify({ role, content }))
  const { json } = fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc
        .tuple(separator, fc.array(fc.oneof(message, leaf), { maxLength: 40 }))
        .map(([space, items]) => `[${space}${items.join(`${space},${space}`)}${space}]`),
      fc.tuple(separator, fc.array(tie('json'), { maxLength: 6 })).map(([space, items]) => `[${items.join(`,${space}`)}]`),
      fc
        .tuple(separator, fc.array(fc.tuple(fc.string(), tie('json')), { maxLength: 5 }))
        .map(
          ([space, entries]) =>
            `{${entries.map(([key, value]) => `${space}${JSON.stringify(key)}${space}:${space}${value}`).join(',')}${space}}`,
        ),
    ),
  }))

  test('as JSON of every shape', () => {
    fc.assert(
      fc.property(json, (text) => {
        JSON.parse(text)
        const addressed = addressPayload(text, 'application/json')
        expect(reassemble(addressed.blobs).toString()).toBe(text)
        expect(addressed).toMatchObject({ digest: digestOf(text), sizeBytes: Buffer.byteLength(text) })
        for (const { digest, data, encoding } of addressed.blobs) if (encoding === 'whole') expect(digest).toBe(digestOf(data))
      }),
      { numRuns: 400 },
    )
  })

  test('cut anywhere, or with any bytes in it', () => {
    const source = Buffer.from(JSON.stringify({ messages: chat(6, 400), tools: chat(2, 300) }))
    fc.assert(
      fc.property(fc.nat(source.length), fc.nat(source.length), fc.uint8Array({ maxLength: 8 }), (from, to, bytes) => {
        const data = Buffer.concat([source.subarray(0, from), bytes, source.subarray(Math.max(from, to))])
        expect(reassemble(addressPayload(data, 'application/json').blobs).equals(data)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})

describe('a payload', () => {
  const text = JSON.stringify([{ model: 'm', messages: chat(20, 500), stream: true }])

  test('with a long array of messages is a manifest over one blob a message', () => {
    const { blobs, digest } = addressPayload(text, 'application/json')
    expect(blobs.at(-1)).toMatchObject({ digest, encoding: 'manifest' })
    const messages = new Set(
      blobs
        .filter(({ mediaType, encoding }) => encoding === 'whole' && mediaType === 'application/json')
        .map(({ data }) => Buffer.from(data).toString()),
    )
    expect(messages).toEqual(new Set(chat(20, 500).map((message) => JSON.stringify(message))))
  })

  test.each([
    ['is small', JSON.stringify([{ messages: chat(1, 100) }]), 'application/json'],
    ['is of another type', text, 'application/octet-stream'],
    ['has an array of numbers', JSON.stringify(Array.from({ length: 2000 }, (_, index) => index / 7)), 'application/json'],
    ['has one long string', JSON.stringify({ text: words('one', 5000) }), 'application/json'],
    ['is mostly beside its arrays', JSON.stringify({ text: words('beside', 50_000), messages: chat(2, 400) }), 'application/json'],
    [
      'has arrays only beyond the depth that is looked at',
      `${'['.repeat(40)}${JSON.stringify(chat(9, 500))}${']'.repeat(40)}`,
      'application/json',
    ],
    ['nests without end', '['.repeat(1_000_000), 'application/json'],
    ['has elements without number', `[${'"",'.repeat(200_000)}""]`, 'application/json'],
  ])('that %s is kept whole', (_, data, mediaType) => {
    const { blobs, digest } = addressPayload(data, mediaType)
    expect(blobs).toHaveLength(1)
    expect(blobs[0]).toMatchObject({ digest, encoding: 'whole', mediaType })
    expect(Buffer.from(blobs[0]?.data ?? []).toString()).toBe(data)
  })

  test('gives the same blobs whatever came before', () => {
    const alone = addressPayload(text, 'application/json')
    addressPayload(JSON.stringify([{ messages: chat(19, 500) }]), 'application/json')
    expect(addressPayload(Buffer.from(text), 'application/json')).toEqual(alone)
  })

  test('shares its messages with one that has another head, another spacing or lost its oldest messages', () => {
    const shared = (other: string): number => {
      const known = new Set(addressPayload(text, 'application/json').blobs.map(({ digest }) => digest))
      return addressPayload(other, 'application/json').blobs.reduce(
        (sum, { digest, data }) => sum + (known.has(digest) ? 0 : data.length),
        0,
      )
    }
    const all = Buffer.byteLength(text)
    expect(shared(JSON.stringify([{ id: 7, temperature: 0.5, messages: chat(20, 500) }]))).toBeLessThan(all / 20)
    expect(shared(JSON.stringify([{ messages: chat(20, 500) }], null, 2))).toBeGreaterThan(all / 2)
    expect(shared(JSON.stringify([{ model: 'm', messages: chat(20, 500).slice(7), stream: true }]))).toBeLessThan(all / 10)
  })

  test('shares documents that stand inside messages', () => {
    const documents = Array.from({ length: 6 }, (_, index) => ({ id: index, text: words(`document ${index}`, 900) }))
    const first = addressPayload(
      JSON.stringify([{ messages: [{ role: 'user', content: documents }, ...chat(3, 400)] }]),
      'application/json',
    )
    const known = new Set(first.blobs.map(({ digest }) => digest))
    const second = addressPayload(
      JSON.stringify([{ messages: [{ role: 'system', content: documents.toReversed() }, ...chat(1, 400)] }]),
      'application/json',
    )
    const added = second.blobs.filter(({ digest }) => !known.has(digest)).reduce((sum, { data }) => sum + data.length, 0)
    expect(added).toBeLessThan(1000)
  })
})

test('a chat of n turns takes bytes in proportion to n, manifests included', () => {
  const messages = chat(200, 600)
  const payloads = Array.from({ length: 200 }, (_, turn) =>
    JSON.stringify([{ model: 'm', messages: messages.slice(0, turn * 2 + 1), temperature: 0 }]),
  )
  const all = storedBytes(payloads)
  const half = storedBytes(payloads.slice(0, 100))
  const sent = payloads.reduce((sum, payload) => sum + payload.length, 0)
  expect(sent / all.total).toBeGreaterThan(60)
  expect(all.total / half.total).toBeLessThan(2.15)
  // What a turn adds beside its own two messages.
  expect(all.manifests / 200).toBeLessThan(700)
})

describe('a manifest', () => {
  const part = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes): Part => ({ type: 'bytes', bytes: Buffer.from(bytes) })),
    fc
      .tuple(fc.constantFrom('blob' as const, 'list' as const), fc.nat(), fc.integer({ min: 1, max: 2 ** 40 }))
      .map(([type, seed, sizeBytes]): Part => ({ type, digest: `sha256:${hexOf(64, seed)}`, sizeBytes })),
  )

  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const read = decodeParts(encodeParts(parts))
        const plain = (list: readonly Part[]): unknown[] =>
          list.map((entry) => (entry.type === 'bytes' ? Buffer.from(entry.bytes).toString('latin1') : entry))
        const joined = plain(parts).reduce<unknown[]>(
          (list, entry) =>
            typeof entry === 'string' && typeof list.at(-1) === 'string'
              ? [...list.slice(0, -1), `${String(list.at(-1))}${entry}`]
              : [...list, entry],
          [],
        )
        expect(plain(read)).toEqual(joined)
      }),
    )
  })

  test('that is cut or changed is refused, never misread', () => {
    const { blobs } = addressPayload(JSON.stringify({ messages: chat(8, 400) }), 'application/json')
    const manifest = Buffer.from(blobs.at(-1)?.data ?? [])
    for (let length = 0; length < manifest.length; length++)
      expect(() => decodeParts(manifest.subarray(0, length))).toThrow(expect.objectContaining({ code: 'integrity' }))
    expect(() => decodeParts(Buffer.concat([manifest, Buffer.from([4])]))).toThrow(expect.objectContaining({ code: 'integrity' }))
  })

  test('that names itself, or parts of another size, ends in an error', () => {
    const digest = digestOf('x')
    const endless = encodeParts([{ type: 'list', digest, sizeBytes: 10 }])
    expect(() => assembleManifest(digest, endless, 10, () => endless)).toThrow('does not add up')
    const short = encodeParts([{ type: 'blob', digest, sizeBytes: 10 }])
    expect(() => assembleManifest(digest, short, 10, () => Buffer.alloc(9))).toThrow('does not add up')
    expect(() => assembleManifest(digest, short, 11, () => Buffer.alloc(10))).toThrow('does not add up')
  })
})

test('arrays are found by their brackets alone', () => {
  const long = JSON.stringify(words('long', 1100))
  const ranges = (text: string): string[] =>
    findArrays(Buffer.from(text)).flatMap(({ elements }) =>
      elements.map(({ start, end }) => Buffer.from(text).subarray(start, end).toString()),
    )
  expect(ranges(`{"a" : [ ${long} , {"b":[]} ], "c":"[,]"}`)).toEqual([long, '{"b":[]}'])
  expect(ranges(`[[${long},${long}],{"x":1}]`)).toEqual([long, long])
  expect(ranges(`[${long},7,${long}]`)).toEqual([])
  expect(ranges(`[${long},${long}`)).toEqual([])
  expect(ranges(`[${long} ${long}]`)).toEqual([])
})
