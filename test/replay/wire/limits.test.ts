import { once } from 'node:events'
import http, { createServer, type Server } from 'node:http'
import http2 from 'node:http2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatVerdict, type Recording, replay } from '../../../src/replay/index.ts'
import { instrument, model, startRecorder } from '../../../src/sdk/index.ts'
import { expectExact, reasonsOf } from '../expect-exact.ts'
import { listening } from './model-server.ts'
import { recordingOf, recordWire } from './record-wire.ts'

const MAIL = 'ana.lopez@northwind-labs.com'
const PIECES = ['ask ', 'ana.lo', 'pez@nor', 'thwind', '-labs.c', 'om to', 'day']
/** Of a body that is larger than what is captured. */
const LARGE_BYTES = 96 * 1024
const MANY_BYTES = 64 * 1024 * 1024

let sentBytes = 0
let hits = 0
const server: Server = createServer((request, response) => {
  hits++
  request.resume()
  if (request.url === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of PIECES) response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: piece } }] })}\n\n`)
    response.end('data: [DONE]\n\n')
  } else if (request.url === '/large') response.end('x'.repeat(LARGE_BYTES))
  else if (request.url === '/endless') {
    const chunk = Buffer.alloc(64 * 1024, 'y')
    const more = (): void => {
      while (sentBytes < MANY_BYTES && response.write(chunk)) sentBytes += chunk.length
    }
    response.on('drain', more)
    more()
  } else response.end(`hit ${hits}`)
})
const { url, close } = await listening(server)

const PROGRAMS = {
  stream: instrument(async function stream() {
    const text = await (await fetch(`${url}/stream`)).text()
    return text.length > 0
  }),
  large: instrument(async function large() {
    return (await (await fetch(`${url}/large`)).text()).length
  }),
  endless: instrument(async function endless() {
    const reader = (await fetch(`${url}/endless`)).body?.getReader()
    const first = await reader?.read()
    await new Promise((resolve) => setTimeout(resolve, 150))
    await reader?.cancel()
    return first?.done
  }),
  quiet: instrument(async function quiet() {
    return 1
  }),
  asks: instrument(async function asks() {
    return (await (await fetch(`${url}/one`)).text()).startsWith('hit')
  }),
}

let recordings: Map<string, Recording>
beforeAll(async () => {
  process.env['REPRISE_CAPTURE_MAX_BYTES'] = '65536'
  recordings = await recordWire(async () => {
    for (const program of Object.values(PROGRAMS)) await program()
    // Outside of every run.
    await (await fetch(`${url}/outside`)).text()
  })
})
afterAll(async () => {
  delete process.env['REPRISE_CAPTURE_MAX_BYTES']
  await close()
})

function wireOf(name: string): Recording['nodes'] {
  return recordingOf(recordings, name).nodes.filter(({ record }) => record.core.kind === 'wire')
}

describe('bounds and privacy of the wire', () => {
  it('redacts what a stream says over several events', async () => {
    const recording = recordingOf(recordings, 'stream')
    const output = wireOf('stream').map(({ record }) => recording.payloadOf(record, 'output'))
    const text = output.map((payload) => (payload.state === 'present' ? String(payload.data) : '')).join()
    expect(text).toContain('<email:')
    expect(
      JSON.parse(text)
        .flatMap((part: { choices?: { delta: { content: string } }[] }) => part.choices?.[0]?.delta.content ?? [])
        .join(''),
    ).not.toContain(MAIL)
    expect(text).not.toContain('northwind')
    expectExact(await replay(recording, PROGRAMS.stream))
  })

  it('counts what it cut of a body, and does not serve the rest as if it were the whole', async () => {
    const [wire] = wireOf('large')
    expect(wire?.record.core.cuts).toContainEqual({ what: 'output', reason: 'bytes', count: 1 })
    const verdict = await replay(recordingOf(recordings, 'large'), PROGRAMS.large)
    expect(verdict.label, formatVerdict(verdict)).toBe('missing')
    expect(verdict.counts).toMatchObject({ missing: 1, unmatched: 0 })
  })

  it('reads no further than the program does', async () => {
    // What the kernel and the two ends buffer is a few megabytes.
    expect(sentBytes).toBeLessThan(MANY_BYTES / 2)
    expectExact(await replay(recordingOf(recordings, 'endless'), PROGRAMS.endless))
  })

  it('records nothing outside of a run', () => {
    expect(
      [...recordings.values()].flatMap(({ nodes }) => nodes.map(({ record }) => record.core.kind)).filter((kind) => kind === 'wire'),
    ).toHaveLength(4)
  })

  it('keeps when the response and its chunks came', () => {
    const [wire] = wireOf('stream')
    const event = wire?.record.core.events.find(({ name }) => name === 'reprise.wire')
    expect(event?.attributes['reprise.wire.head_millis']).toEqual(expect.any(Number))
    expect(event?.attributes['reprise.wire.chunk_millis']).toEqual(expect.any(Array))
  })
})

describe('a call that goes live', () => {
  it('is made where it only reads, and not where it may write', async () => {
    const other = instrument(async function asks() {
      const read = await (await fetch(`${url}/two`)).text()
      const write = await fetch(`${url}/three`, { method: 'POST' }).then(
        () => 'written',
        () => 'refused',
      )
      return [read.startsWith('hit'), write]
    })
    const before = hits
    const verdict = await replay(recordingOf(recordings, 'asks'), other, { mode: 'cached', onMiss: 'live', record: false })
    expect(hits - before).toBe(1)
    expect(verdict.counts).toMatchObject({ live: 1, unmatched: 1, socketsDenied: 0 })
    expect(verdict.divergences[0]?.message).toContain('allowWrites')
  })

  it('makes its own exchanges, which are no calls of the program', async () => {
    const inner = model(async (path: string) => await (await fetch(`${url}${path}`)).text(), { name: 'inner' })
    const outer = instrument(async function asks() {
      return await inner('/one')
    })
    const before = hits
    const verdict = await replay(recordingOf(recordings, 'asks'), outer, { mode: 'cached', onMiss: 'live', record: false })
    expect(hits - before).toBe(1)
    expect(verdict.counts).toMatchObject({ live: 1, unmatched: 0, socketsDenied: 0 })
  })
})

describe('without the option', () => {
  it('leaves fetch and its results alone, and serves nothing', async () => {
    const recorder = startRecorder({ endpoint: 'http://127.0.0.1:9', spool: false, exitTimeoutMillis: 0 })
    const seen: unknown[] = []
    const plain = instrument(async function plain() {
      const response = await fetch(`${url}/plain`)
      seen.push(Object.getOwnPropertyNames(response))
      return await response.text()
    })
    await plain()
    void recorder.stop()
    expect(seen).toEqual([[]])
  })

  it("says what to do where serve: 'wire' finds no exchange", async () => {
    const recording = recordingOf(recordings, 'quiet')
    await expect(replay(recording, PROGRAMS.asks, { serve: 'wire' })).rejects.toThrow(/REPRISE_WIRE=true/)
    await expect(replay(recording, PROGRAMS.asks, { serve: 'else' as 'call' })).rejects.toThrow(/expected call or wire, found else/)
  })

  it.each([
    [
      'a session of HTTP/2',
      async () =>
        await once(
          http2.connect(url).on('error', () => {}),
          'close',
        ),
    ],
    ['a WebSocket', async () => await once(new WebSocket(url.replace('http', 'ws')), 'error')],
    ['an upgrade', async () => await once(http.get(url, { headers: { connection: 'upgrade', upgrade: 'other' } }), 'error')],
  ])('denies and counts %s, which it does not capture', async (_what, open) => {
    const quiet = instrument(async function quiet() {
      await open()
      return 1
    })
    const verdict = await replay(recordingOf(recordings, 'quiet'), quiet)
    expect(reasonsOf(verdict)).toContain('socket')
    expect(verdict.counts).toMatchObject({ socketsDenied: 1, unmatched: 0 })
  })

  it('denies a socket as ever where the recording has no exchange', async () => {
    const verdict = await replay(
      recordingOf(recordings, 'quiet'),
      instrument(async function quiet() {
        await fetch(`${url}/quiet`).catch(() => undefined)
        return 1
      }),
    )
    expect(reasonsOf(verdict)).toContain('socket')
    expect(verdict.counts.socketsDenied).toBe(1)
  })
})
