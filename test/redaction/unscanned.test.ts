import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createRedactor, createRedactorFor, unscannedInText } from '../../src/redaction/index.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'
import { ATTR, encodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { Bench, post, readTape } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const key = new Uint8Array(32).fill(9)
const own = parsePolicy({ schema: 'reprise.redaction-policy/2', id: 'own', version: '1', rules: [{ path: '/secret', action: 'mask' }] })
const image = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 37) % 256)).toString('base64')
const chat = JSON.stringify([
  { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
  { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: image } },
  { type: 'text', text: 'from ana@example.com, see data:audio/ogg;codecs=opus;base64,T2dn and data:text/plain;base64,aGVsbG8gd29ybGQ=' },
])

describe('what is no text', () => {
  it.each([
    ['default', undefined],
    ['own', own],
  ])('is left alone and counted (%s)', (_, policy) => {
    const { redactPayload, redactValue } = createRedactorFor({ policy, key })
    for (const data of [chat, Buffer.from(chat)]) {
      const { value, counts, unscanned } = redactPayload(MEDIA_TYPE.json, data)
      expect({ counts, unscanned }).toEqual({ counts: { email: 1 }, unscanned: { image: 2, audio: 1 } })
      expect(String(value)).toContain(image)
    }
    const png = Buffer.from(image, 'base64')
    expect(redactPayload('image/png', png)).toEqual({ value: png, counts: undefined, unscanned: { image: 1 } })
    expect(redactPayload('application/octet-stream', png)).toEqual({ value: png, counts: undefined, unscanned: { bytes: 1 } })
    expect(redactPayload(MEDIA_TYPE.bytes, Buffer.from('plain words')).unscanned).toBeUndefined()
    const value = { weights: [new Float32Array(4), new BigInt64Array(2)], raw: png, note: Buffer.from('words') }
    expect(redactValue(value)).toEqual({ value, counts: undefined, unscanned: { 'typed-array': 2, bytes: 1 } })
    const { mediaType, data } = encodeValue(value)
    expect(mediaType).toBe(MEDIA_TYPE.msgpack)
    expect(redactPayload(mediaType, data).unscanned).toEqual({ 'typed-array': 2, bytes: 1 })
  })

  it('is told from text that only speaks of it', () => {
    const text = 'use ;base64, behind data:image/png, or "media_type" "image/png", as in data:text/plain;base64,aGVsbG8gd29ybGQ='
    expect(unscannedInText(text)).toBeUndefined()
    expect(createRedactor({ key }).redactPayload(MEDIA_TYPE.text, text)).toEqual({ value: text, counts: undefined })
  })

  const bench = new Bench()
  afterEach(async () => await bench.tearDown())
  it('is counted on the record', async () => {
    const store = join(bench.folder(), 'store')
    const collector = await bench.collector({ store })
    const { mediaType, data } = encodeValue([new Float64Array(3)])
    const own = bareSpan({
      attributes: [
        [ATTR.kind, 'model'],
        [ATTR.input, chat],
        [ATTR.output, { bytes: data as Uint8Array }],
        [ATTR.outputMediaType, mediaType],
      ],
    })
    await post(collector, writeTraces(groupOf([own, bareSpan({ spanId: '7'.repeat(16) })])))
    expect(collector.stats().unscanned).toEqual({ audio: 1, image: 2, 'typed-array': 1 })
    await collector.close()
    const cores = (await readTape(store)).spans.map(({ core }) => core)
    expect(cores.map(({ unscanned }) => unscanned)).toEqual([{ audio: 1, image: 2, 'typed-array': 1 }, undefined])
    expect(cores[0]?.redactions).toEqual({ email: 1 })
  })
})
