import { describe, expect, it } from 'vitest'
import { isCredentialField, keptUrl } from '../../../src/sdk/wire/headers.ts'
import { exactJson } from '../../../src/sdk/wire/json-text.ts'
import { exchangeName, keptRequest } from '../../../src/sdk/wire/request.ts'

const url = new URL('https://api.example.com/v1/chat')

describe('the JSON of a body', () => {
  it.for(['{"a":1e15}', '[1.5e+21,"1234567890123456","-0","e123"]', '{"e":999999999999999}', '[0.1234567890123456]', '[true,false,null]'])(
    '%s is kept as a value',
    (text) => {
      expect(exactJson(text)).toEqual(JSON.parse(text))
    },
  )

  it.for(['[1234567890123456]', '[-0]', '{"a":1e308}', '{"a":1E+100}', '[2e-300]', '"text"', '[1,]'])('%s is kept as a text', (text) => {
    expect(exactJson(text)).toBeUndefined()
  })
})

describe('a request that is kept', () => {
  it.for([
    ['https://user:pass@api.example.com/a?b=c#d', 'https://api.example.com/a?b=c'],
    ['https://a.example/x?key=AIzaSy&alt=sse', 'https://a.example/x?key=&alt=sse'],
    [
      'https://a.example/x?X-Amz-Signature=1&X-Amz-Date=2&X-Amz-Security-Token=3',
      'https://a.example/x?X-Amz-Signature=&X-Amz-Date=2&X-Amz-Security-Token=',
    ],
    ['https://a.example/x?page_token=1&sort_key=a&country_code=it', 'https://a.example/x?page_token=1&sort_key=a&country_code=it'],
    ['https://user@a.example/x', 'https://a.example/x'],
    ['https://:pass@a.example/x', 'https://a.example/x'],
    ['https://a.example/x#', 'https://a.example/x'],
    ['https://a.example/x?', 'https://a.example/x?'],
    // As it was written, where nothing has to go.
    ['https://a.example/x?q=a%20b+c', 'https://a.example/x?q=a%20b+c'],
  ])('%s is kept as %s', ([given = '', kept]) => {
    expect(keptUrl(new URL(given))).toBe(kept)
  })

  it.for([
    'api_key',
    'apikey',
    'api-key',
    'x-api-key',
    'access_token',
    'client_secret',
    'password',
    'code_verifier',
    'sig',
    'refresh-token',
    'TOKEN',
  ])('%s is a credential', (name) => {
    expect(isCredentialField(name)).toBe(true)
  })

  it.for(['max_tokens', 'keyword', 'zip_code', 'monkey', 'next_page_token', 'tokenizer', 'signature_version'])('%s is none', (name) => {
    expect(isCredentialField(name)).toBe(false)
  })

  it('keeps headers that a list names, and no credential', () => {
    const headers = [
      ['Authorization', 'Bearer x'],
      ['X-Api-Key', 'x'],
      ['Cookie', 'x'],
      ['anthropic-version', '2023-06-01'],
      ['Accept', 'a'],
      ['accept', 'b'],
      ['idempotency-key', 'x'],
    ] as const
    expect(keptRequest('post', url, headers, undefined)).toEqual({
      method: 'POST',
      url: url.href,
      headers: { accept: 'a, b', 'anthropic-version': '2023-06-01' },
    })
  })

  it('is the same for two texts of one JSON value, and for two boundaries of one form', () => {
    const json = (text: string) => keptRequest('POST', url, [['content-type', 'application/json']], text)
    expect(json('{"a": 1}')).toEqual(json('{"a":1}'))
    const form = (boundary: string) =>
      keptRequest('POST', url, [['content-type', `multipart/form-data; boundary=${boundary}`]], `--${boundary}\r\n\r\nx\r\n--${boundary}--`)
    expect(form('----one')).toEqual(form('----two'))
  })

  it('is named after a host, but not after an address, which may be redacted', () => {
    expect(exchangeName('get', url)).toBe('GET api.example.com')
    expect(exchangeName('get', new URL('http://10.1.2.3:8080/'))).toBe('GET')
    expect(exchangeName('get', new URL('http://[::1]/'))).toBe('GET')
    expect(exchangeName('get', new URL('http://zx81htq0vlw3rk7mfyp2.example.com/'))).toBe('GET')
  })
})
