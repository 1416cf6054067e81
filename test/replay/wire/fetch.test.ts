import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { reasonsOf } from '../expect-exact.ts'
import { readEvents } from './event-stream.ts'
import { replayWithoutServer, told } from './web-programs.ts'
import { BINARY, startWebServer } from './web-server.ts'

const server = await startWebServer()
const SECRET = 'Zx81hTQ0vLw3Rk7MfYp2'
const at = (path: string): string => `${server.url}${path}`

async function piecesOf(response: Response): Promise<string[]> {
  const pieces: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) pieces.push(decoder.decode(chunk, { stream: true }))
  return pieces
}

/** Leaves when it has seen a word. */
async function readUntil(word: string): Promise<boolean> {
  const reader = (await fetch(at('/lines'))).body?.getReader()
  let text = ''
  while (!text.includes(word)) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
  return text.includes(word)
}

const PROGRAMS = {
  bodies: instrument(async function bodies() {
    const url = at('/echo')
    const form = new FormData()
    form.append('field', 'value')
    form.append('file', new File(['some content'], 'a.txt', { type: 'text/plain' }))
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('one'))
        controller.enqueue(new TextEncoder().encode('two'))
        controller.close()
      },
    })
    async function* iterable(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('three')
    }
    const bodies: RequestInit['body'][] = ['text', new URLSearchParams({ a: '1' }), new Uint8Array([1, 2]), new Blob(['blob']), form]
    const log: unknown[] = []
    for (const body of bodies) log.push(await (await fetch(url, { method: 'POST', body: body ?? null })).json())
    log.push(await (await fetch(url, { method: 'POST', body: stream, duplex: 'half' } as RequestInit)).json())
    // Node's fetch takes it; the types of the DOM do not.
    const iterated: Promise<Response> = Reflect.apply(fetch, undefined, [url, { method: 'POST', body: iterable(), duplex: 'half' }])
    log.push(await (await iterated).json())
    const request = new Request(url, { method: 'PUT', body: '{"of":"a request"}', headers: { 'content-type': 'application/json' } })
    log.push(await (await fetch(request)).json(), request.bodyUsed)
    log.push(await (await fetch(new URL(url), { headers: [['accept', 'text/plain']] })).json())
    return log
  }),
  encodings: instrument(async function encodings() {
    const log: unknown[] = []
    // The fetch of Node 22 knows no zstd.
    for (const path of Number.parseInt(process.versions['undici'] ?? '0', 10) < 7 ? ['/gzip', '/br'] : ['/gzip', '/br', '/zstd']) {
      const response = await fetch(at(path))
      log.push(response.headers.get('etag'), await response.json())
    }
    log.push(await (await fetch(at('/latin'))).arrayBuffer().then(({ byteLength }) => byteLength > 0))
    return log
  }),
  pretty: instrument(async function pretty() {
    const text = await (await fetch(at('/pretty'))).text()
    return [text, text.length > 80, await piecesOf(await fetch(at('/pretty')))]
  }),
  binary: instrument(async function binary() {
    const response = await fetch(at('/binary'))
    const bytes = new Uint8Array(await response.arrayBuffer())
    return [bytes.every((byte, index) => byte === BINARY[index]), bytes.length, response.headers.get('x-amzn-requestid')]
  }),
  events: instrument(async function events() {
    const { body } = await fetch(at('/events'))
    const events: unknown[] = []
    for await (const event of readEvents(body ?? new ReadableStream())) events.push(event)
    const { body: again } = await fetch(at('/events'))
    const lengths: number[] = []
    for await (const { length } of again ?? []) lengths.push(length)
    return [events, lengths]
  }),
  lines: instrument(async function lines() {
    return await piecesOf(await fetch(at('/lines')))
  }),
  shapes: instrument(async function shapes() {
    const nothing = await fetch(at('/nothing'))
    const empty = await fetch(at('/empty'))
    const head = await fetch(at('/moved'), { method: 'HEAD' })
    const missing = await fetch(at('/missing'))
    const copy = missing.clone()
    const cookie = await fetch(at('/cookie'))
    return [
      [nothing.status, nothing.body, await nothing.text(), nothing.headers.get('x-request-id')],
      [empty.status, await empty.text()],
      [head.status, head.body === null || (await head.text()) === ''],
      [missing.status, missing.ok, missing.statusText, missing.type, missing.redirected, new URL(missing.url).pathname],
      [await missing.text(), await copy.text(), copy.status, new URL(copy.url).pathname],
      [await cookie.text(), cookie.headers.get('x-ratelimit-remaining')],
    ]
  }),
  redirects: instrument(async function redirects() {
    const followed = await fetch(at('/from'))
    const manual = await fetch(at('/from'), { redirect: 'manual' })
    const refused = await told(() => fetch(at('/from'), { redirect: 'error' }))
    return [
      followed.redirected,
      new URL(followed.url).pathname,
      await followed.text(),
      manual.status,
      manual.headers.get('location'),
      refused,
    ]
  }),
  failures: instrument(async function failures() {
    const log: unknown[] = [
      await told(() => fetch(at('/reset'))),
      await told(() => fetch('http://127.0.0.1:9/')),
      await told(() => fetch('no url')),
    ]
    const cut = await fetch(at('/cut'))
    log.push(cut.status, await told(() => cut.text()))
    return log
  }),
  aborts: instrument(async function aborts() {
    const early = new AbortController()
    const pending = told(() => fetch(at('/never'), { signal: early.signal }))
    setTimeout(() => early.abort(new DOMException('enough', 'AbortError')), 20)
    const late = new AbortController()
    const response = await fetch(at('/slow'), { signal: late.signal })
    const reader = response.body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    setTimeout(() => late.abort(), 10)
    const rest = await told(async () => await reader?.read())
    const before = await told(() => fetch(at('/echo'), { signal: AbortSignal.abort() }))
    const own = new AbortController()
    const reason = new RangeError('a reason of its own')
    setTimeout(() => own.abort(reason), 10)
    const same = await fetch(at('/never'), { signal: own.signal }).catch((error: unknown) => error === reason)
    const later = new AbortController()
    const slow = (await fetch(at('/slow'), { signal: later.signal })).body?.getReader()
    await slow?.read()
    setTimeout(() => later.abort(reason), 10)
    const sameLater = await slow?.read().catch((error: unknown) => error === reason)
    const timeout = await told(() => fetch(at('/never'), { signal: AbortSignal.timeout(20) }))
    return [await pending, first, rest, before, timeout, same, sameLater]
  }),
  unread: instrument(async function unread() {
    const left = await fetch(at('/lines'))
    await left.body?.cancel()
    const reader = (await fetch(at('/lines'))).body?.getReader()
    const first = await reader?.read()
    await reader?.cancel()
    const ignored = await fetch(at('/lines'))
    return [left.status, first?.value?.length, ignored.status, ignored.bodyUsed]
  }),
  until: instrument(async function until() {
    return await readUntil('"at":2')
  }),
  credentials: instrument(async function credentials() {
    const url = new URL(at(`/echo?api_key=${SECRET}&page=2`))
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET },
      body: new URLSearchParams({ client_secret: SECRET }),
    })
    return [await response.json(), await (await fetch(at('/cookie'))).text()]
  }),
}
describe('fetch', () => {
  const recorded = replayWithoutServer(PROGRAMS, server)

  it('keeps each exchange once, by method, address and body, and no credential', () => {
    const wire = recorded.of('credentials').nodes.filter(({ record }) => record.core.kind === 'wire')
    expect(wire).toHaveLength(2)
    for (const { nodes } of recorded.all.values()) {
      const recording = [...recorded.all.values()].find((each) => each.nodes === nodes)
      for (const { record } of nodes) {
        for (const role of ['input', 'output', 'error'] as const) {
          const payload = recording?.payloadOf(record, role)
          if (payload?.state === 'present') expect(Buffer.from(payload.data).toString('latin1')).not.toContain(SECRET)
        }
      }
    }
    const echoed = server.requests.find(({ path }) => path.includes('api_key'))
    expect(echoed?.headers['authorization']).toContain(SECRET)
    const [request] = recorded.of('credentials').inputOf(wire[0]?.record ?? recorded.of('bodies').root.record) ?? []
    expect(request).toMatchObject({ method: 'POST', form: [['client_secret', '']] })
    expect(JSON.stringify(request)).toContain('?api_key=&page=2')
  })

  it('leaves a stream that is cut elsewhere where what it looks for has come', async () => {
    const recording = recorded.of('until')
    for (let resplit = 0; resplit < 8; resplit++) {
      const verdict = await replay(recording, PROGRAMS.until, { resplit })
      expect(verdict.label, formatVerdict(verdict)).toBe('cached')
    }
    const earlier = instrument(async function until() {
      return await readUntil('"at":0')
    })
    // Not with every cut: a piece may hold all of it.
    let departed = false
    for (let resplit = 0; resplit < 40 && !departed; resplit++)
      departed = (await replay(recording, earlier, { resplit })).label === 'diverged'
    expect(departed).toBe(true)
  })

  it('tells a body that differs, and an exchange too many', async () => {
    const other = instrument(async function credentials() {
      const log: unknown[] = []
      for (const page of ['2', '2']) {
        const url = new URL(at(`/echo?api_key=dummy&page=${page}`))
        const body = new URLSearchParams({ client_secret: 'dummy' })
        log.push(await told(async () => (await fetch(url, { method: 'POST', body })).text()))
      }
      return log
    })
    const verdict = await replay(recorded.of('credentials'), other)
    expect(reasonsOf(verdict)).toEqual(['exhausted', 'unused', 'output', 'swallowed'])
    expect(verdict.counts).toMatchObject({ served: 1, unmatched: 1, unused: 1, socketsDenied: 0 })
  })
})
