import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { backoffMillis, retryAfterMillis } from '../../src/collector/forward/retry.ts'
import { parseForwardTarget, refuseOwnAddress } from '../../src/collector/forward/target.ts'
import { apiErrorOf } from '../../src/collector/http/api-error.ts'
import { ByteBudget } from '../../src/collector/http/byte-budget.ts'
import { contentEncodingOf, inflateBody } from '../../src/collector/http/inflate.ts'
import { createLogger } from '../../src/collector/log.ts'
import { resolveCollectorOptions } from '../../src/collector/options.ts'
import { OPTIONS, RepriseError } from '../../src/schemas/index.ts'

afterEach(() => void vi.useRealTimers())

describe('forward targets', () => {
  it.each([
    ['http://backend:4318', 'http://backend:4318/v1/traces'],
    ['http://backend:4318/', 'http://backend:4318/v1/traces'],
    ['https://otlp.example.com/otlp', 'https://otlp.example.com/otlp/v1/traces'],
    ['https://otlp.example.com/otlp/v1/traces', 'https://otlp.example.com/otlp/v1/traces'],
    ['https://otlp.example.com/v1/traces/', 'https://otlp.example.com/v1/traces'],
    ['https://otlp.example.com/in?key=s3cret#part', 'https://otlp.example.com/in/v1/traces?key=s3cret'],
  ])('%s is sent to %s', (given, sent) => {
    const { traces, logs } = parseForwardTarget({ url: given })
    expect(traces.url.href).toBe(sent)
    // A URL that names the path of traces is for traces alone.
    const named = new URL(given).pathname.replace(/\/+$/, '').endsWith('/v1/traces')
    expect(logs?.url.href).toBe(named ? undefined : sent.replace('/v1/traces', '/v1/logs'))
  })

  it('keeps the query out of the label', () => {
    const { label, key } = parseForwardTarget({ url: 'https://otlp.example.com/in?key=s3cret' }).traces
    expect(label).toBe('https://otlp.example.com/in/v1/traces')
    expect(key).toContain('s3cret')
  })

  it.each(['ftp://backend', 'not a url', 'http://user:hunter2@backend', 'file:///etc/passwd'])('refuses %s without repeating it', (url) => {
    const call = (): unknown => parseForwardTarget({ url })
    expect(call).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    expect(call).not.toThrow(/hunter2|passwd/)
  })

  it.each([
    ['http://127.0.0.1:4318', '127.0.0.1', true],
    ['http://localhost:4318', '127.0.0.1', true],
    ['http://[::1]:4318/v1/traces', '::', true],
    ['http://0.0.0.0:4318', '127.0.0.1', true],
    ['http://127.0.0.1:4319', '127.0.0.1', false],
    ['http://backend:4318', '127.0.0.1', false],
  ])('%s with a collector on %s: refused is %s', (url, host, refused) => {
    const call = (): void => refuseOwnAddress(parseForwardTarget({ url }).traces, { host, port: 4318 })
    if (refused) expect(call).toThrow(/this collector itself/)
    else expect(call).not.toThrow()
  })
})

describe('retry', () => {
  it('waits longer each time, within bounds, and never the same for all', () => {
    expect(backoffMillis(0, () => 0)).toBe(250)
    expect(backoffMillis(0, () => 1)).toBe(500)
    expect(backoffMillis(3, () => 1)).toBe(4_000)
    expect(backoffMillis(500, () => 1)).toBe(60_000)
  })

  it('reads Retry-After in both forms and caps it', () => {
    const now = Date.UTC(2026, 10, 21, 10, 0, 0)
    expect(retryAfterMillis('7', now)).toBe(7_000)
    expect(retryAfterMillis('Sat, 21 Nov 2026 10:00:30 GMT', now)).toBe(30_000)
    expect(retryAfterMillis('Sat, 21 Nov 2026 09:00:00 GMT', now)).toBe(0)
    expect(retryAfterMillis('99999999', now)).toBe(300_000)
    expect(retryAfterMillis('soon', now)).toBeUndefined()
    expect(retryAfterMillis('-5', now)).toBeUndefined()
    expect(retryAfterMillis(undefined, now)).toBeUndefined()
  })
})

describe('byte budget', () => {
  it('refuses what does not fit and gives back what was held', () => {
    const budget = new ByteBudget(100)
    const first = budget.open()
    const second = budget.open()
    expect(first.growTo(60)).toBe(true)
    expect(second.growTo(41)).toBe(false)
    expect(second.growTo(40)).toBe(true)
    expect(second.growTo(20)).toBe(true)
    expect(budget.usedBytes).toBe(100)
    first.release()
    first.release()
    expect(budget.usedBytes).toBe(40)
    second.release()
    expect(budget.usedBytes).toBe(0)
  })

  it('lets one large request in while half of it is free, and no other', () => {
    const budget = new ByteBudget(100)
    const others = budget.open()
    expect(others.growTo(51)).toBe(true)
    const large = budget.open()
    expect(large.growTo(80)).toBe(false)
    others.release()
    expect(budget.open().growTo(50)).toBe(true)
    expect(large.growTo(80)).toBe(true)
    expect(budget.open().growTo(80)).toBe(false)
    expect(budget.open().growTo(1)).toBe(false)
    expect(budget.usedBytes).toBe(130)
  })

  it('lets a request that is alone go beyond it', () => {
    const budget = new ByteBudget(10)
    expect(budget.open().growTo(50)).toBe(true)
    expect(budget.open().growTo(1)).toBe(false)
  })
})

describe('inflate', () => {
  const text = Buffer.from('a span, '.repeat(5_000))
  const compress = { gzip: gzipSync, zstd: zstdCompressSync, deflate: deflateSync } as const

  describe.each(['gzip', 'zstd', 'deflate'] as const)('%s', (encoding) => {
    const body = compress[encoding](text)
    const inflate = async (bytes: Buffer, maxBytes = 1_000_000): Promise<Buffer> => await inflateBody(bytes, encoding, maxBytes)

    it('gives back the bytes, exactly up to the limit', async () => {
      expect(await inflate(body)).toEqual(text)
      expect(await inflate(body, text.length)).toEqual(text)
      await expect(inflate(body, text.length - 1)).rejects.toMatchObject({ status: 413 })
    })

    it('gives back the bytes of a large one in one buffer, exactly up to the limit', async () => {
      const large = Buffer.alloc(9 * 1024 * 1024, 'abcdefg')
      const bytes = compress[encoding](large)
      const inflated = await inflate(bytes, large.length)
      expect(inflated.equals(large)).toBe(true)
      expect(inflated.buffer.byteLength).toBeLessThanOrEqual(large.length + 1)
      await expect(inflate(bytes, large.length - 1)).rejects.toMatchObject({ status: 413 })
      await expect(inflate(Buffer.concat([bytes, Buffer.from('more')]), large.length)).rejects.toMatchObject({ status: 400 })
      await expect(inflate(bytes.subarray(0, bytes.length - 3), large.length)).rejects.toMatchObject({ status: 400 })
    })

    it('stops a bomb at the limit', async () => {
      const bomb = compress[encoding](Buffer.alloc(64 * 1024 * 1024))
      const before = process.memoryUsage().arrayBuffers
      await expect(inflate(bomb, 1024 * 1024)).rejects.toMatchObject({ status: 413 })
      await expect(inflate(bomb, 20 * 1024 * 1024)).rejects.toMatchObject({ status: 413 })
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024)
    })

    it.each([
      ['cut short', body.subarray(0, body.length - 3)],
      ['followed by other bytes', Buffer.concat([body, Buffer.from('more')])],
      ['something else', Buffer.from('hello, this is no compressed body')],
      ['empty', Buffer.alloc(0)],
    ])('refuses a body that is %s', async (_what, bytes) => {
      await expect(inflate(bytes)).rejects.toMatchObject({ status: 400 })
    })
  })

  it('reads concatenated gzip members and zstd frames, within one limit', async () => {
    const parts = [Buffer.from('one '), Buffer.from('two '), Buffer.from('three')]
    const whole = Buffer.concat(parts)
    expect(await inflateBody(Buffer.concat(parts.map((part) => gzipSync(part))), 'gzip', 100)).toEqual(whole)
    const frames = Buffer.concat(parts.map((part) => zstdCompressSync(part)))
    expect(await inflateBody(frames, 'zstd', 100)).toEqual(whole)
    expect(await inflateBody(frames, 'zstd', whole.length)).toEqual(whole)
    await expect(inflateBody(frames, 'zstd', whole.length - 1)).rejects.toMatchObject({ status: 413 })
  })

  it('believes no size that a gzip body says of itself', async () => {
    const large = Buffer.alloc(6 * 1024 * 1024, 'x')
    const small = gzipSync(Buffer.from('small'))
    const last = Buffer.concat([gzipSync(large), small])
    expect((await inflateBody(last, 'gzip', 8 * 1024 * 1024)).length).toBe(large.length + 5)
    const lie = Buffer.from(small)
    lie.writeUInt32LE(5 * 1024 * 1024, lie.length - 4)
    await expect(inflateBody(lie, 'gzip', 8 * 1024 * 1024)).rejects.toMatchObject({ status: 400 })
  })

  it('names what it takes when the encoding is another', () => {
    expect(contentEncodingOf(undefined)).toBe('identity')
    expect(contentEncodingOf(' GZIP ')).toBe('gzip')
    for (const other of ['br', 'gzip, gzip', 'compress', 'gzip;q=1']) {
      expect(() => contentEncodingOf(other)).toThrow(
        expect.objectContaining({ status: 415, message: expect.stringContaining('gzip, zstd') }),
      )
    }
  })
})

describe('log', () => {
  it('says a burst in one line and then how many more there were', () => {
    const lines: string[] = []
    let now = 0
    const log = createLogger(
      (line) => lines.push(line),
      () => now,
    )
    for (let i = 0; i < 100; i++) log.warn('request-refused', { status: 429 })
    log.warn('spans-rejected', { spans: 3 })
    now = 61_000
    log.warn('request-refused', { status: 429 })
    expect(lines).toEqual([
      'reprise warn request-refused status=429',
      'reprise warn spans-rejected spans=3',
      'reprise warn request-refused status=429 more=99',
    ])
  })

  it('tells different reasons apart, and is not silenced by a clock that is set back', () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const lines: string[] = []
    const log = createLogger((line) => lines.push(line))
    log.warn('request-refused', { reason: 'host' })
    log.warn('request-refused', { reason: 'path' })
    vi.setSystemTime(Date.now() - 86_400_000)
    vi.advanceTimersByTime(61_000)
    log.warn('request-refused', { reason: 'host' })
    expect(lines.map((line) => line.split('reason=')[1])).toEqual(['host', 'path', 'host'])
  })

  it('keeps a line a line whatever a field holds, and lives without its writer', () => {
    const lines: string[] = []
    createLogger((line) => lines.push(line)).info('x', { a: 'one\ntwo\u001b[31m', b: 'x'.repeat(400), c: 'a "b"' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\n\u001b]/)
    expect(lines[0]!.length).toBeLessThan(400)
    expect(() =>
      createLogger(() => {
        throw new Error('EPIPE')
      }).info('x'),
    ).not.toThrow()
  })
})

describe('options', () => {
  it('fills in the defaults of the command line', () => {
    expect(resolveCollectorOptions({ store: '.reprise' })).toMatchObject({
      host: '127.0.0.1',
      port: 4318,
      namespace: 'local',
      forward: [],
      bodyMaxBytes: OPTIONS.bodyMaxBytes.default,
      decodedMaxBytes: OPTIONS.decodedMaxBytes.default,
      attributeMaxCount: 1_024,
      depthMax: OPTIONS.depthMax.default,
      batchWaitMillis: OPTIONS.batchWaitMillis.default,
      quarantineMaxBytes: OPTIONS.quarantineMaxBytes.default,
    })
  })

  it.each([
    ['port', { port: 70_000 }],
    ['port', { port: 1.5 }],
    ['namespace', { namespace: 'No Spaces' }],
    ['bodyMaxBytes', { bodyMaxBytes: 0 }],
    ['host', { host: '0.0.0.0' }],
    ['host', { host: '192.168.1.7' }],
    ['host', { host: '' }],
    ['forwardHeaders', { forwardHeaders: { 'bad name': 'x' } }],
    ['forwardHeaders.authorization', { forwardHeaders: { authorization: 'a\r\nb: c' } }],
  ])('names %s when it is %j', (key, options) => {
    expect(() => resolveCollectorOptions({ store: 'x', ...options })).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(key) }),
    )
  })

  it('listens beyond the machine only on purpose, and tells no header value', () => {
    expect(resolveCollectorOptions({ store: 'x', host: '0.0.0.0', allowRemote: true }).host).toBe('0.0.0.0')
    expect(() => resolveCollectorOptions({ store: 'x', forwardHeaders: { authorization: 'hunter2\n' } })).not.toThrow(/hunter2/)
  })

  it('gives a destination its own headers over the common ones', () => {
    const { forward } = resolveCollectorOptions({
      store: 'x',
      forwardHeaders: { A: '1', b: '2' },
      forward: ['http://x', { url: 'http://y', headers: { B: '3' } }],
    })
    expect(forward).toEqual([
      { url: 'http://x', headers: { a: '1', b: '2' } },
      { url: 'http://y', headers: { a: '1', b: '3' } },
    ])
  })
})

it('asks to try again where an index is being made anew, and does not where something is damaged', () => {
  expect(apiErrorOf(new RepriseError('integrity', 'being made anew', { retryable: true })).status).toBe(503)
  expect(apiErrorOf(new RepriseError('integrity', 'damaged')).status).toBe(500)
})
