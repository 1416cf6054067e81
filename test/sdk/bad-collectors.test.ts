import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { ExitBench, freePort, spooledSpans, startRawServer } from './exit-programs.ts'
import { attributesOf, startFakeCollector, stepOf, stepsOf } from './fake-collector.ts'

const bench = new ExitBench()
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
afterAll(() => bench.remove())

const PROGRAM = `
import { instrument, tool } from 'reprise'
process.on('unhandledRejection', () => console.log('unhandled rejection'))
process.on('warning', (warning) => console.log('warning', warning.name))
const ask = tool(async (question) => 'the answer to ' + question, { name: 'ask' })
const main = instrument(async function main() {
  await ask('one')
  // Long enough for the recorder to try on its own.
  await new Promise((resolve) => setTimeout(resolve, 60))
  await ask('two')
  if (process.env.HOW === 'exit') process.exit(3)
  if (process.env.HOW === 'term') { process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 60_000)) }
})
await main()
console.log('end')`

const VERSION = '{"schema":"reprise.version/1","name":"reprise","version":"0.0.0"}'

async function httpServer(onPost: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    if (request.url === '/api/v1/version') response.writeHead(200, { 'content-type': 'application/json' }).end(VERSION)
    else onPost(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const SERVERS: Readonly<Record<string, () => Promise<{ url: string; close(): void }>>> = {
  'is not there': async () => ({ url: `http://127.0.0.1:${await freePort()}`, close: () => {} }),
  'accepts and never answers': () => startRawServer(),
  'resets every connection': () => startRawServer((socket: Socket) => socket.resetAndDestroy()),
  'hangs up when it is asked': () => startRawServer((socket) => socket.once('data', () => socket.destroy())),
  'never ends its first answer': () =>
    startRawServer((socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{'))),
  'greets, and takes a body without an answer': () => httpServer(() => {}),
  'greets, and resets when a body comes': () => httpServer((request) => request.socket.resetAndDestroy()),
  'greets, and answers 503 for ever': () => httpServer((_, response) => response.writeHead(503).end()),
  'greets, and asks to be tried again in an hour': () =>
    httpServer((_, response) => response.writeHead(429, { 'retry-after': '3600' }).end()),
}

const ENDINGS: readonly (readonly [string, number | null, string | null, string])[] = [
  ['return', 0, null, 'end\n'],
  ['exit', 3, null, ''],
  ['term', null, 'SIGTERM', ''],
]
/** Every ending at the first two; at the others one each in turn, unless all are asked for by `REPRISE_EXIT_MATRIX=full`. */
const endingsAt = (server: number): typeof ENDINGS =>
  server < 2 || process.env['REPRISE_EXIT_MATRIX'] === 'full' ? ENDINGS : [ENDINGS[server % 3] ?? ['return', 0, null, 'end\n']]

describe.each(Object.entries(SERVERS).map(([name, start], index) => [name, start, index] as const))(
  'a collector that %s',
  (name, start, index) => {
    test.each(endingsAt(index))(
      'leaves a program that ends by %s as it is, and its steps in the spool',
      async (how, code, signal, stdout) => {
        const server = await start()
        closers.push(() => server.close())
        const store = bench.store(`${name}-${how}`)
        const end = await bench.run(PROGRAM, {
          env: {
            HOW: how,
            REPRISE_ENDPOINT: server.url,
            REPRISE_STORE: store,
            REPRISE_FLUSH_INTERVAL_MILLIS: '20',
            REPRISE_FLUSH_TIMEOUT_MILLIS: '60000',
            REPRISE_EXIT_TIMEOUT_MILLIS: '500',
          },
        })
        expect({ code: end.code, signal: end.signal, stdout: end.stdout }).toEqual({ code, signal, stdout })
        const lines = end.stderr.split('\n').filter((line) => line !== '')
        expect(lines).toEqual([expect.stringMatching(/^reprise: 3 steps kept in /)])
        const ended = spooledSpans(store)
          .map(stepOf)
          .filter(({ pending }) => !pending)
        expect(ended.map((step) => step.name).sort()).toEqual(how === 'return' ? ['ask', 'ask', 'main'] : ['ask', 'ask'])
        // A program that waited for one of the timeouts of a minute would take that long.
        expect(end.millis).toBeLessThan(40_000)
      },
    )
  },
)

test('a collector that has greeted is not said to be missing', async () => {
  const server = await httpServer((request) => request.socket.resetAndDestroy())
  closers.push(() => server.close())
  const program = `
    import { flush, tool } from 'reprise'
    await tool(async () => 1, { name: 'ask' })()
    console.log((await flush()).failed)`
  const end = await bench.run(program, {
    env: { REPRISE_ENDPOINT: server.url, REPRISE_STORE: bench.store('greeted'), REPRISE_EXIT_TIMEOUT_MILLIS: '20000' },
  })
  expect(end.stdout).toBe('1\n')
  expect(end.stderr).toMatch(/^reprise: 1 step kept in .*: http:\S+ does not answer \(.+\)\.\n$/)
})

test('a collector that answers 503 and then recovers gets everything, once', async () => {
  const collector = await startFakeCollector()
  closers.push(() => void collector.close())
  let refusals = 3
  collector.answer = (_request, response) => {
    if (--refusals <= 0) collector.answer = undefined
    response.writeHead(503, { 'retry-after': '0' }).end()
  }
  const end = await bench.run(PROGRAM, {
    env: { HOW: 'return', REPRISE_ENDPOINT: collector.url, REPRISE_STORE: bench.store('recovers'), REPRISE_EXIT_TIMEOUT_MILLIS: '20000' },
  })
  expect({ code: end.code, stdout: end.stdout, stderr: end.stderr }).toEqual({ code: 0, stdout: 'end\n', stderr: '' })
  expect(stepsOf(collector).map(({ name }) => name)).toEqual(['main', 'ask', 'ask'])
})

const BURST = Number(process.env['REPRISE_BURST_STEPS'] ?? 30_000)

test(`${BURST} steps at a collector that takes nothing: bounded, errors and roots kept, everything counted`, async () => {
  const program = `
    import { instrument, tool } from 'reprise'
    const ask = tool((number) => { if (number % 1000 === 999) throw new Error('failed ' + number); return 'x'.repeat(200) }, { name: 'ask' })
    let peak = 0
    await instrument(async function main() {
      for (let number = 0; number < ${BURST}; number++) {
        try { ask(number) } catch {}
        if (number % 5000 === 0) { await new Promise((resolve) => setImmediate(resolve)); gc(); peak = Math.max(peak, process.memoryUsage().heapUsed) }
      }
    })()
    console.log(peak)`
  const server = await httpServer(() => {})
  closers.push(() => server.close())
  const store = bench.store('burst')
  const end = await bench.run(program, {
    flags: ['--expose-gc'],
    env: {
      REPRISE_ENDPOINT: server.url,
      REPRISE_STORE: store,
      REPRISE_QUEUE_MAX_BYTES: String(8 * 1024 * 1024),
      REPRISE_EXIT_TIMEOUT_MILLIS: '20000',
      REPRISE_FLUSH_TIMEOUT_MILLIS: '2000',
    },
  })
  expect(end.code).toBe(0)
  const steps = spooledSpans(store).filter(({ name }) => name !== 'reprise.gap')
  const ended = new Map(
    steps
      .map((span) => [span.spanId, stepOf(span)])
      .filter((entry): entry is [string, ReturnType<typeof stepOf>] => !(entry[1] as ReturnType<typeof stepOf>).pending),
  )
  const gaps = spooledSpans(store)
    .map(attributesOf)
    .filter((attributes) => ATTR.gapCount in attributes)
  const dropped = gaps.reduce((sum, attributes) => sum + Number(attributes[ATTR.gapCount]), 0)
  expect(ended.size + dropped).toBe(BURST + 1)
  expect(dropped).toBeGreaterThan(0)
  expect([...ended.values()].filter(({ error }) => error !== undefined)).toHaveLength(Math.floor(BURST / 1000))
  expect([...ended.values()].filter(({ name }) => name === 'main')).toHaveLength(1)
  console.info(
    `burst: ${BURST} steps, ${ended.size} kept, ${dropped} dropped and counted, peak heap ${(Number(end.stdout) / 2 ** 20).toFixed(1)} MiB with a queue of 8 MiB`,
  )
  expect(Number(end.stdout)).toBeLessThan(80 * 2 ** 20)
}, 300_000)
