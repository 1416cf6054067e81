import { describe, expect, it } from 'vitest'
import { createRedactor, normalizeTokens, type Redacted } from '../../src/redaction/index.ts'
import { decodeValue, encodeValue, MEDIA_TYPE, Opaque, RepriseError, Truncated, VALUE_MAX_DEPTH } from '../../src/schemas/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(3) })
const shown = (redacted: Redacted<unknown>): unknown => JSON.parse(normalizeTokens(JSON.stringify(redacted.value)))

describe('redactValue', () => {
  it('copies what is hit, shares what is not, changes nothing that it was given', () => {
    const clean = { deep: [1, 'x', { y: null }] }
    const value = Object.freeze({ clean, mail: 'bob@example.com', list: Object.freeze(['a', 'c@d.co']) })
    const redacted = redactor.redactValue(value)
    expect(shown(redacted)).toEqual({ clean, mail: '<email#1>', list: ['a', '<email#2>'] })
    expect((redacted.value as typeof value).clean).toBe(clean)
    expect(redacted.counts).toEqual({ email: 2 })
    expect(value.mail).toBe('bob@example.com')
    expect(redactor.redactValue(clean)).toEqual({ value: clean, counts: undefined })
    expect(redactor.redactValue(clean).value).toBe(clean)
  })

  it('knows keys, field names and JSON inside strings', () => {
    expect(
      shown(
        redactor.redactValue({
          'bob@example.com': 1,
          authorization: 'abc',
          headers: { 'Set-Cookie': ['a=1'] },
          password: 1234,
          args: '{"api_key":"z9"}',
        }),
      ),
    ).toEqual({
      '<email#1>': 1,
      authorization: '<auth-header#1>',
      headers: { 'Set-Cookie': ['<cookie#1>'] },
      password: '<password#1>',
      args: '{"api_key":"<credential#1>"}',
    })
    expect(shown(redactor.redactValue('abc', 'http.request.header.authorization'))).toBe('<auth-header#1>')
    expect(shown(redactor.redactValue(['a=b'], 'http.request.header.cookie'))).toEqual(['<cookie#1>'])
  })

  it('replaces card numbers that are numbers, and no others', () => {
    expect(shown(redactor.redactValue([4111111111111111, 5555555555554444n]))).toEqual(['<payment-card#1>', '<payment-card#2>'])
    const numbers = [1700000000000, 4111111111111112, 0.4111111111111111, Number.NaN, -4111111111111111, 1e21, 2n ** 80n, Infinity]
    expect(redactor.redactValue(numbers).value).toBe(numbers)
    expect(redactor.redactValue({ password: Number.NaN }).counts).toBeUndefined()
  })

  it('walks Maps, Sets, errors, URLs and opaque things', () => {
    const cause = new RangeError('at c@d.co')
    const error = Object.assign(new TypeError('no such user bob@example.com', { cause }), { code: 'E_USER', password: 'x y' })
    const map = new Map<unknown, unknown>([
      ['password', 'correct horse'],
      ['a@b.co', new Set(['AKIAIOSFODNN7EXAMPLE', 1])],
    ])
    const { value, counts } = redactor.redactValue({
      error,
      map,
      url: new URL('https://jo:s3cret@h.example/'),
      opaque: new Opaque('function', 'bob@example.com'),
    })
    const after = value as {
      error: TypeError & { code: string; password: string; cause: Error }
      map: Map<string, unknown>
      url: unknown
      opaque: Opaque
    }
    expect(after.error).toBeInstanceOf(TypeError)
    expect(after.error.message).toMatch(/^no such user <email:[0-9a-f]{12}>$/)
    expect(after.error.stack).not.toContain('bob@example.com')
    expect(after.error.code).toBe('E_USER')
    expect(after.error.password).toMatch(/^<password:/)
    expect(after.error.cause).toBeInstanceOf(RangeError)
    expect(after.error.cause.message).toMatch(/^at <email:/)
    expect([...after.map.keys()][1]).toMatch(/^<email:/)
    expect(after.map.get('password')).toMatch(/^<password:/)
    expect([...(after.map.get([...after.map.keys()][1] ?? '') as Set<unknown>)][0]).toMatch(/^<aws-access-key-id:/)
    expect(after.url).toMatch(/^https:\/\/<url-credentials:[0-9a-f]{12}>@h\.example\/$/)
    expect(after.opaque).toBeInstanceOf(Opaque)
    expect(after.opaque.name).toMatch(/^<email:/)
    expect(counts?.['email']).toBeGreaterThanOrEqual(4)
    expect(error.message).toBe('no such user bob@example.com')
  })

  it('leaves memory, dates and marks alone', () => {
    const value = {
      vector: Float64Array.of(4111111111111111),
      bytes: Buffer.concat([Buffer.from([0, 1, 2, 255]), Buffer.from('bob@example.com')]),
      numbers: Uint16Array.from(Buffer.from('bob@example.com')),
      at: new Date(0),
      cut: new Truncated('bytes', 9),
      nothing: undefined,
    }
    expect(redactor.redactValue(value).value).toBe(value)
  })

  it('reads bytes that are text, and keeps them bytes of their kind', () => {
    const text = 'mail bob@example.com'
    const { buffer } = Uint8Array.from(Buffer.from(text))
    const value = { buffer: Buffer.from(text), array: Uint8Array.from(Buffer.from(text)), memory: buffer, clean: Buffer.from('mail') }
    const redacted = redactor.redactValue(value)
    const after = redacted.value as typeof value
    expect(redacted.counts).toEqual({ email: 3 })
    expect(Buffer.isBuffer(after.buffer)).toBe(true)
    expect(Buffer.isBuffer(after.array)).toBe(false)
    expect(after.memory).toBeInstanceOf(ArrayBuffer)
    for (const bytes of [after.buffer, after.array, new Uint8Array(after.memory)])
      expect(normalizeTokens(Buffer.from(bytes).toString())).toBe('mail <email#1>')
    expect(after.clean).toBe(value.clean)
    expect(value.buffer.toString()).toBe(text)
    expect(redactor.redactValue(after).value).toBe(after)
    // Recordings under version 2 hold such bytes as they were.
    expect(createRedactor({ key: new Uint8Array(32), policyVersion: '2' }).redactValue(value).value).toBe(value)
  })

  it('keeps `__proto__` a plain field', () => {
    const value = JSON.parse('{"__proto__":{"email":"bob@example.com"},"constructor":"c@d.co"}') as object
    const after = redactor.redactValue(value).value as Record<string, unknown>
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect(Object.keys(after)).toEqual(['__proto__', 'constructor'])
    expect(JSON.stringify(after)).not.toContain('@')
    expect(({} as Record<string, unknown>)['email']).toBeUndefined()
  })

  it('refuses what it cannot walk', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    const getter = {
      get secret(): string {
        throw new Error('bob@example.com')
      },
    }
    for (const value of [cycle, getter]) {
      const attempt = (): unknown => redactor.redactValue(value)
      expect(attempt).toThrow(RepriseError)
      expect(attempt).toThrow(expect.objectContaining({ code: 'redaction_failed' }))
      expect(attempt).not.toThrow(/bob/)
    }
    let deep: unknown = 'bob@example.com'
    for (let level = 0; level < VALUE_MAX_DEPTH; level++) deep = [deep]
    expect(JSON.stringify(redactor.redactValue(deep).value)).toContain('<email:')
    expect(() => redactor.redactValue([deep])).toThrow(RepriseError)
  })
})

describe('redactPayload', () => {
  const text = (redacted: Redacted<string | Uint8Array>): string =>
    normalizeTokens(typeof redacted.value === 'string' ? redacted.value : Buffer.from(redacted.value).toString())

  it('goes by media type', () => {
    const bytes = Buffer.from('{"n":4111111111111111}')
    expect(text(redactor.redactPayload('application/json', bytes))).toBe('{"n":"<payment-card#1>"}')
    expect(text(redactor.redactPayload('Application/JSON; charset=utf-8', '{"password":"x y"}'))).toBe('{"password":"<password#1>"}')
    expect(text(redactor.redactPayload('application/problem+json', '{"password":"x y"}'))).toBe('{"password":"<password#1>"}')
    expect(text(redactor.redactPayload('text/plain', 'bob@example.com'))).toBe('<email#1>')
    expect(text(redactor.redactPayload('text/event-stream', Buffer.from('data: {"password":"x y"}\n\n')))).toBe(
      'data: {"password":"<password#1>"}\n\n',
    )
    expect(text(redactor.redactPayload('application/x-www-form-urlencoded', 'mail=bob%40example.com&password=hunter2x'))).toBe(
      'mail=<email#1>&password=<password#1>',
    )
    expect(text(redactor.redactPayload(MEDIA_TYPE.attribute, JSON.stringify({ kvlist: [['cookie', 'a=b; c=d']] })))).toBe(
      '{"kvlist":[["cookie","<cookie#1>"]]}',
    )
  })

  it('uses the name of the field', () => {
    expect(text(redactor.redactPayload(MEDIA_TYPE.attribute, '["Bearer x"]', 'http.request.header.authorization'))).toBe(
      '["<auth-header#1>"]',
    )
    expect(text(redactor.redactPayload(MEDIA_TYPE.attribute, Buffer.from('"zz9"'), 'x-api-key'))).toBe('"<credential#1>"')
    expect(text(redactor.redactPayload('text/plain', 'zz9', 'x-api-key'))).toBe('<credential#1>')
  })

  it('gives clean data back as it is', () => {
    const bytes = Buffer.from('{"a":"été"}')
    for (const data of [bytes, '{"a":1}']) {
      const redacted = redactor.redactPayload('application/json', data)
      expect(redacted.value).toBe(data)
      expect(redacted.counts).toBeUndefined()
    }
  })

  it('redacts MessagePack values and stays MessagePack', () => {
    const value = {
      at: new Date(5),
      to: new Set(['bob@example.com']),
      n: 4111111111111111n,
      vector: Float32Array.of(1, 2),
      nested: [undefined, { password: 'x y' }],
    }
    const { mediaType, data } = encodeValue(value)
    expect(mediaType).toBe(MEDIA_TYPE.msgpack)
    const redacted = redactor.redactPayload(mediaType, data)
    expect(redacted.counts).toEqual({ email: 1, 'payment-card': 1, password: 1 })
    const after = decodeValue(mediaType, redacted.value) as typeof value
    expect(after.at).toEqual(value.at)
    expect(after.vector).toEqual(value.vector)
    expect([...after.to][0]).toMatch(/^<email:/)
    expect(after.n).toMatch(/^<payment-card:/)
    const clean = encodeValue({ at: new Date(5) })
    expect(redactor.redactPayload(clean.mediaType, clean.data).value).toBe(clean.data)
  })

  it('throws rather than pass what it cannot read', () => {
    for (const data of [Uint8Array.of(0xc1), new Uint8Array(), 'text']) {
      expect(() => redactor.redactPayload(MEDIA_TYPE.msgpack, data)).toThrow(expect.objectContaining({ code: 'redaction_failed' }))
    }
  })

  it('reads bytes of unknown make as text where they are text', () => {
    expect(text(redactor.redactPayload(MEDIA_TYPE.bytes, Buffer.from('key: AKIAIOSFODNN7EXAMPLE\n')))).toBe('key: <aws-access-key-id#1>\n')
    const binary = Buffer.concat([Buffer.from([0, 1, 2, 3, 255, 254]), Buffer.from('bob@example.com')])
    expect(redactor.redactPayload(MEDIA_TYPE.bytes, binary).value).toBe(binary)
    expect(redactor.redactPayload('image/png', Buffer.from('bob@example.com')).counts).toBeUndefined()
  })

  it('keeps the bytes of text in another encoding', () => {
    const latin1 = Buffer.from('Größe: bob@example.com ÿ', 'latin1')
    const { value } = redactor.redactPayload('text/plain; charset=iso-8859-1', latin1)
    const after = Buffer.from(value as Uint8Array).toString('latin1')
    expect(normalizeTokens(after)).toBe('Größe: <email#1> ÿ')
  })
})

describe('text that holds JSON or escapes', () => {
  const plain = (value: string): string => normalizeTokens(redactor.redactText(value).value)
  it('resolves the escapes that hide an anchor', () => {
    expect(plain('answer: {"mail": "bob\\u0040example.com"} ok')).toBe('answer: {"mail": "<email#1>"} ok')
    expect(plain('```json\n{"u": "postgres:\\/\\/jo:s3cret@db\\/x",\n```')).toBe(
      '```json\n{"u": "postgres:\\/\\/<url-credentials#1>@db\\/x",\n```',
    )
    expect(plain("{'a': 'line\\nbob@example.com'}")).toBe("{'a': 'line\\n<email#1>'}")
  })
  it('does not take its own names for context', () => {
    expect(plain('4111111111111111 4222222222222')).toBe('<payment-card#1> 4222222222222')
  })
  it('replaces keys that are longer than any known, and cut-off PEM', () => {
    expect(plain(`x ghp_${'a1B2'.repeat(200)} y`)).toBe('x <github-token#1> y')
    expect(plain(`-----BEGIN PRIVATE KEY-----\n${`${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ'}\n`.repeat(4)}MIIEvQ`)).toBe(
      '<private-key#1>',
    )
  })
})
