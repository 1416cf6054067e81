import { describe, expect, it } from 'vitest'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'
import { JWT, pem, SAMPLES } from './samples.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(9) })
/** The redacted JSON with its pseudonyms numbered, and proof that it is JSON. */
function redacted(jsonText: string): string {
  const { value } = redactor.redactJson(jsonText)
  JSON.parse(value)
  return normalizeTokens(value)
}

describe('redactJson', () => {
  it('gives clean JSON back as the same string', () => {
    const json = '{ "a" : [1, 2.50, "x\\ny"],\n "b":null }'
    expect(redactor.redactJson(json)).toEqual({ value: json, counts: undefined })
  })

  it('leaves every byte outside of hits', () => {
    expect(redacted('{ "a" :\t"caf\\u00e9 \\/ bob@example.com \\ud83d\\ude00",\r\n "n": 1.50e+3, "b": [ ] }')).toBe(
      '{ "a" :\t"caf\\u00e9 \\/ <email#1> \\ud83d\\ude00",\r\n "n": 1.50e+3, "b": [ ] }',
    )
  })

  it('finds secrets behind escapes', () => {
    expect(redacted('{"a":"bob\\u0040example.com"}')).toBe('{"a":"<email#1>"}')
    expect(redacted('{"a":"\\u0062ob@example.com"}')).toBe('{"a":"<email#1>"}')
    expect(redacted('{"a":"postgres:\\/\\/jo:s3cret@db\\/x"}')).toBe('{"a":"postgres:\\/\\/<url-credentials#1>@db\\/x"}')
    expect(redacted('{"a":"hi\\nghp_0123456789abcdefghijABCDEFGHIJ012345\\tx"}')).toBe('{"a":"hi\\n<github-token#1>\\tx"}')
    expect(redacted('{"a":"\\u0073k-ant-api03-abcdefghijklmnopqrstuvwxyz"}')).toBe('{"a":"<anthropic-api-key#1>"}')
    expect(redacted(JSON.stringify({ key: pem('RSA PRIVATE KEY') }))).toBe('{"key":"<private-key#1>"}')
    expect(redacted(JSON.stringify({ key: `a\n${pem('PRIVATE KEY')}\nb` }))).toBe('{"key":"a\\n<private-key#1>\\nb"}')
  })

  it('gives equal values equal tokens however they are written', () => {
    expect(redacted('["bob@example.com","\\u0062ob\\u0040example.com",{"x":"{\\"y\\":\\"bob\\\\u0040example.com\\"}"}]')).toBe(
      '["<email#1>","<email#1>",{"x":"{\\"y\\":\\"<email#1>\\"}"}]',
    )
  })

  it('finds every sample as a value, as a key, and two and three levels down', () => {
    for (const { rule, secret, text } of SAMPLES) {
      let nested: string = text ?? secret
      for (let level = 0; level < 4; level++) {
        nested = JSON.stringify({ say: nested, [`k ${text ?? secret}`]: 1 })
        const { value } = redactor.redactJson(nested)
        JSON.parse(value)
        expect(value, `${rule} at level ${level}`).not.toContain(JSON.stringify(secret).slice(1, -1))
        expect(value, `${rule} at level ${level}`).toContain(`<${rule}:`)
      }
    }
  })

  it('turns card numbers that are JSON numbers into strings, nested ones too', () => {
    expect(redacted('{"n":4111111111111111,"m":[5555555555554444, 12]}')).toBe('{"n":"<payment-card#1>","m":["<payment-card#2>", 12]}')
    const inner = JSON.stringify({ n: 4111111111111111 })
    const middle = JSON.stringify({ inner })
    expect(JSON.parse(JSON.parse(JSON.parse(redacted(JSON.stringify({ middle }))).middle).inner)).toEqual({ n: '<payment-card#1>' })
    expect(redacted('4111111111111111')).toBe('"<payment-card#1>"')
    for (const json of [
      '{"n":4111111111111112}',
      '{"n":4111111111111111.5}',
      '{"n":4111111111111111e2}',
      '{"t":1700000000000}',
      '{"id":4222222222222}',
    ]) {
      expect(redacted(json)).toBe(json)
    }
    expect(redacted('{"card":4222222222222}')).toBe('{"card":"<payment-card#1>"}')
  })

  it('replaces values of header-like keys whole', () => {
    expect(
      redacted('{"authorization":"Bearer x","Cookie":"a=b; c","x-api-key":"short","password":"correct horse","Set-Cookie":["a=1","b=2"]}'),
    ).toBe(
      '{"authorization":"<auth-header#1>","Cookie":"<cookie#1>","x-api-key":"<credential#1>","password":"<password#1>","Set-Cookie":["<cookie#2>","<cookie#3>"]}',
    )
    expect(redacted('{"clientSecret":"abc","db_password":12345678,"refresh-token":"r","api_token":"t","next_token":"n"}')).toBe(
      '{"clientSecret":"<credential#1>","db_password":"<password#1>","refresh-token":"<credential#2>","api_token":"<credential#3>","next_token":"n"}',
    )
    expect(redacted('{"pass\\u0077ord":"x y"}')).toBe('{"pass\\u0077ord":"<password#1>"}')
    expect(redacted('{"args":"{\\"headers\\":{\\"Authorization\\":\\"xyz\\"}}"}')).toBe(
      '{"args":"{\\"headers\\":{\\"Authorization\\":\\"<auth-header#1>\\"}}"}',
    )
  })

  it('replaces values of named headers', () => {
    expect(redacted('[{"name":"Authorization","value":"xyz"},{"value":"a=b","name":"Cookie"},{"name":"Host","value":"h"}]')).toBe(
      '[{"name":"Authorization","value":"<auth-header#1>"},{"value":"<cookie#1>","name":"Cookie"},{"name":"Host","value":"h"}]',
    )
    expect(redacted('["Host","h","Authorization","Token 12345678","Accept","*/*"]')).toBe(
      '["Host","h","Authorization","<auth-header#1>","Accept","*/*"]',
    )
    expect(redacted('{"kvlist":[["authorization","Bearer abc123"],["n",{"double":1}]]}')).toBe(
      '{"kvlist":[["authorization","<auth-header#1>"],["n",{"double":1}]]}',
    )
  })

  it('finds secrets in keys', () => {
    expect(redacted('{"bob@example.com":1,"a":{"ghp_0123456789abcdefghijABCDEFGHIJ012345":2}}')).toBe(
      '{"<email#1>":1,"a":{"<github-token#1>":2}}',
    )
  })

  it('takes what is not JSON as text', () => {
    for (const [text, expected] of [
      ['{"a":"bob@example.com"', '{"a":"<email#1>"'],
      ['{"a":bob@example.com}', '{"a":<email#1>}'],
      ['"\\q bob@example.com"', '"\\q <email#1>"'],
      ['{"a":1} bob@example.com', '{"a":1} <email#1>'],
      ['', ''],
      ['"', '"'],
      ['{"a":"line\nbreak \\" bob@example.com"}', '{"a":"line\nbreak \\" <email#1>"}'],
    ] as const) {
      expect(normalizeTokens(redactor.redactJson(text).value)).toBe(expected)
    }
  })

  it('looks into lines of JSON: NDJSON, event streams', () => {
    expect(normalizeTokens(redactor.redactText('{"password":"a b"}\n{"x":"bob\\u0040example.com"}\n').value)).toBe(
      '{"password":"<password#1>"}\n{"x":"<email#1>"}\n',
    )
    expect(normalizeTokens(redactor.redactText('event: delta\ndata: {"authorization":"abc"}\n\ndata: [DONE]\n').value)).toBe(
      'event: delta\ndata: {"authorization":"<auth-header#1>"}\n\ndata: [DONE]\n',
    )
  })

  it('does not mind depth', () => {
    const deep = `${'['.repeat(100_000)}"bob@example.com"${']'.repeat(100_000)}`
    expect(normalizeTokens(redactor.redactJson(deep).value)).toBe(deep.replace('bob@example.com', '<email#1>'))
    const objects = `${'{"a":'.repeat(50_000)}"bob@example.com"${'}'.repeat(50_000)}`
    expect(normalizeTokens(redactor.redactJson(objects).value)).toBe(objects.replace('bob@example.com', '<email#1>'))
  })

  it('keeps a byte order mark, `__proto__` and doubled keys', () => {
    expect(redacted('{"__proto__":{"email":"bob@example.com"},"a":1,"a":"bob@example.com"}')).toBe(
      '{"__proto__":{"email":"<email#1>"},"a":1,"a":"<email#1>"}',
    )
    expect(normalizeTokens(redactor.redactJson('\uFEFF{"password":"x y"}').value)).toBe('\uFEFF{"password":"<password#1>"}')
    expect(({} as Record<string, unknown>)['email']).toBeUndefined()
  })

  it('counts what it puts in', () => {
    expect(redactor.redactJson(JSON.stringify({ a: 'a@b.co c@d.co', t: JWT })).counts).toEqual({ email: 2, jwt: 1 })
  })
})
