import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keptExchange, servedExchange, type WireHead } from '../../../src/sdk/wire/exchange.ts'

const MAX = 1 << 20
const headOf = (type: string, more: readonly [string, string][] = []): WireHead => ({
  status: 200,
  statusText: 'OK',
  headers: [['content-type', type], ...more],
  url: undefined,
  hasBody: true,
})

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => (bytes.length === 0 ? 0 : place % bytes.length)))]
    .filter((end) => end > 0)
    .sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0)
}
const joined = (chunks: readonly Uint8Array[]): Buffer => Buffer.concat(chunks)
const served = (type: string, chunks: readonly Uint8Array[]): readonly Uint8Array[] => {
  // Through JSON text, as a recording holds it.
  const kept = keptExchange(headOf(type), chunks, MAX)
  const found = servedExchange(
    kept.some((part) => part !== null && typeof part === 'object' && 'bytes' in part) ? kept : JSON.parse(JSON.stringify(kept)),
  )
  expect(found).toBeDefined()
  return found?.chunks ?? []
}

const places = fc.array(fc.nat(), { maxLength: 12 })
const line = fc.oneof(
  fc.json().map((json) => `data: ${json}`),
  fc.constantFrom('', ': ping', 'event: delta', 'data: [DONE]', 'data: {"half":', 'id: 7'),
  fc.string({ unit: 'grapheme' }).map((text) => `data: ${text}`),
)

describe('an exchange that is kept and served', () => {
  it('has the same text in the same number of chunks, whatever was cut where', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), places, (text, at) => {
        const chunks = cut(Buffer.from(text.toWellFormed()), at)
        const found = served('text/plain', chunks)
        expect(joined(found).equals(joined(chunks))).toBe(true)
        expect(found).toHaveLength(chunks.length)
      }),
    )
  })

  it('has each chunk end where it ended, but for a character that two shared', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 20 }), { maxLength: 20 }), places, (lines, at) => {
        const chunks = cut(Buffer.from(lines.join('\n')), at)
        expect(served('text/plain', chunks).map(String)).toEqual(chunks.map((chunk) => String(Uint8Array.from(chunk))))
      }),
    )
  })

  it('says the same in every event of a stream', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), places, fc.constantFrom('\n', '\r\n'), (lines, at, end) => {
        const text = lines
          .map((each) => `${each}${end}${end}`)
          .join('')
          .toWellFormed()
        const chunks = cut(Buffer.from(text), at)
        const found = served('text/event-stream', chunks)
        const events = (all: readonly Uint8Array[]): unknown[] => joined(all).toString().split(end).map(meaningOf)
        expect(events(found)).toEqual(events(chunks))
        expect(found).toHaveLength(chunks.length)
      }),
    )
  })

  it('cuts the text of a packed body in the proportions of its chunks', () => {
    const text = Array.from({ length: 200 }, (_, at) => `${at * 7919} words`).join(' ')
    for (const [encoding, packed] of [
      ['gzip', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['deflate', deflateSync(text)],
      ['zstd', zstdCompressSync(text)],
    ] as const) {
      const ends = [10, Math.floor(packed.length / 3), packed.length - 1, packed.length]
      const chunks = ends.map((end, index) => packed.subarray(ends[index - 1] ?? 0, end))
      const kept = keptExchange({ ...headOf('text/plain'), encoding }, chunks, MAX)
      const found = servedExchange(JSON.parse(JSON.stringify(kept)))?.chunks ?? []
      let sent = 0
      expect(
        found.map((chunk) => (sent += chunk.length)),
        encoding,
      ).toEqual(ends.map((end) => Math.round((text.length * end) / packed.length)))
      expect(joined(found).toString()).toBe(text)
    }
  })

  it('keeps bytes as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), places, (bytes, at) => {
        const chunks = cut(bytes, at)
        expect(served('application/vnd.amazon.eventstream', chunks).map(String)).toEqual(
          chunks.map((chunk) => String(Uint8Array.from(chunk))),
        )
      }),
    )
  })

  it('takes text that is none in its charset as bytes', () => {
    const bytes = Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d])
    expect(joined(served('application/json', [bytes])).equals(Buffer.from(bytes))).toBe(true)
  })

  it('gives text of another charset in UTF-8, and says so', () => {
    const kept = keptExchange(headOf('text/plain; charset=iso-8859-1'), [Buffer.from('déjà vu', 'latin1')], MAX)
    const found = servedExchange(kept)
    expect(joined(found?.chunks ?? []).toString()).toBe('déjà vu')
    expect(found?.head.headers).toContainEqual(['content-type', 'text/plain; charset=utf-8'])
  })

  it('has the same JSON text, however it is laid out', () => {
    const indent = fc.oneof(fc.constant('\t'), fc.integer({ min: 1, max: 10 }))
    const value = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()))
    const end = fc.constantFrom('', '\n', ' \n\n')
    fc.assert(
      fc.property(value, indent, end, fc.boolean(), places, (json, by, after, ascii, at) => {
        const pretty = JSON.stringify(json, null, by).toWellFormed()
        fc.pre(pretty === JSON.stringify(JSON.parse(pretty), null, by) && !/-0|[eE][+-]?\d|\d{16}/.test(pretty))
        const text = ascii ? inAscii(pretty) : pretty
        const chunks = cut(Buffer.from(text + after), at)
        const found = served('application/json', chunks)
        expect(joined(found).toString()).toBe(text + after)
        expect(found).toHaveLength(chunks.length)
        expect(keptExchange(headOf('application/json'), chunks, MAX)).toMatchObject([{ json: JSON.parse(text) }])
      }),
    )
  })

  it.each([
    ['as Python writes it', '{"id": "a", "of": [1, 2.5, null, {}], "said": "h\\u00e9 \\ud83d\\ude00", "in": {"a": true, "b": []}}'],
    ['in a list', '[{"id": "a, b: c"}, {"id": 2}]\n'],
    ['as V8 writes it', '{"id":"a","said":"hé: x, y\\u001f"}'],
  ])('has the same JSON text, %s', (_name, text) => {
    expect(joined(served('application/json', [Buffer.from(text)])).toString()).toBe(text)
  })

  it('has the same text in every event, where all are laid out alike', () => {
    const alike = 'data: {"delta": "one", "n": 1}\n\ndata: {"delta": "h\\u00e9", "n": 2}\n\ndata: [DONE]\n\n'
    expect(joined(served('text/event-stream', [Buffer.from(alike)])).toString()).toBe(alike)
    const mixed = 'data: {"delta": "one"}\n\ndata: {"delta":"two"}\n\n'
    expect(joined(served('text/event-stream', [Buffer.from(mixed)])).toString()).toBe('data: {"delta":"one"}\n\ndata: {"delta":"two"}\n\n')
  })

  it('keeps the layout alone beside the value, and of no other than it can write', () => {
    const kept = (text: string) => keptExchange(headOf('application/json'), [Buffer.from(text)], MAX)[0]
    expect(kept('{\n  "a": 1\n}\n')).toMatchObject({ json: { a: 1 }, layout: { indent: '  ', end: '\n' } })
    for (const other of [
      '{"a":1}',
      '{ "a": 1 }',
      '{\r\n  "a": 1\r\n}',
      '{\n  "a": 1.0\n}',
      '{\n  "a": [1, 2]\n}',
      `{"a":1}${' '.repeat(9)}`,
    ])
      expect(kept(other)).not.toHaveProperty('layout')
  })

  it('writes the value that redaction left in the layout that was recorded, and compact where that is none any more', () => {
    const [kept] = keptExchange(headOf('application/json'), [Buffer.from('{\n  "a": "secret",\n  "b": 1\n}')], MAX) as [object]
    const text = (changed: object) => joined(servedExchange([{ ...kept, ...changed }])?.chunks ?? []).toString()
    expect(text({ json: { a: '<mail>', b: 1 } })).toBe('{\n  "a": "<mail>",\n  "b": 1\n}')
    for (const layout of [
      '[redacted]',
      null,
      { indent: '[redacted]' },
      { indent: '--' },
      { indent: 4 },
      { end: 'x' },
      { end: '\n'.repeat(99) },
    ])
      expect(text({ layout })).toBe('{"a":"secret","b":1}')
  })

  it('keeps numbers that JavaScript does not hold', () => {
    const text = '{"id":12345678901234567890,"price":-0}'
    expect(joined(served('application/json', [Buffer.from(text)])).toString()).toBe(text)
    expect(keptExchange(headOf('application/json'), [Buffer.from(text)], MAX)).toMatchObject([{ text }])
    expect(
      keptExchange(headOf('application/json'), [Buffer.from('{"id":"12345678901234567890","of":0.12345678901234567}')], MAX),
    ).toMatchObject([{ json: { id: '12345678901234567890' } }])
  })

  it('makes lengths anew, leaves out checksums and encodings, and of credentials keeps the name', () => {
    const headers: [string, string][] = [
      ['Content-Length', '4711'],
      ['content-md5', 'x'],
      ['digest', 'x'],
      ['set-cookie', 'a=b'],
      ['x-amz-security-token', 'secret'],
      ['X-AccessToken', 'secret'],
      ['x-amzn-bedrock-input-token-count', '12'],
      ['x-total-count', '3'],
      ['x-ratelimit-remaining-tokens', '7'],
    ]
    const found = servedExchange(keptExchange(headOf('text/plain', headers), [Buffer.from('abc')], MAX))
    expect(found?.head.headers).toEqual([
      ['content-type', 'text/plain'],
      ['set-cookie', 'withheld-1=withheld'],
      ['x-amz-security-token', 'withheld'],
      ['x-accesstoken', 'withheld'],
      ['x-amzn-bedrock-input-token-count', '12'],
      ['x-total-count', '3'],
      ['x-ratelimit-remaining-tokens', '7'],
      ['content-length', '3'],
    ])
  })

  it('refuses what is no exchange', () => {
    for (const other of [
      undefined,
      null,
      'x',
      [],
      [{}],
      [{ status: '200', headers: [] }],
      [{ status: 200, headers: [['a']] }],
      [{ status: 200, headers: [], chunkEnds: ['1'] }],
    ])
      expect(servedExchange(other)).toBeUndefined()
  })
})

/** With all but ASCII escaped by number. */
function inAscii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A data line of JSON says what its value says; any other line is itself. */
function meaningOf(text: string): unknown {
  const json = /^data: (.*)$/.exec(text)?.[1]
  try {
    return json === undefined ? text : (JSON.parse(json) as unknown)
  } catch {
    return text
  }
}
