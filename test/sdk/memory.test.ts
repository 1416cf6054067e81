import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, expect, test } from 'vitest'
import { ExitBench, freePort } from './exit-programs.ts'

const bench = new ExitBench()
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
afterAll(() => bench.remove())

/** A collector that acknowledges without a look. */
async function startAcknowledger(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/api/v1/version') response.end('{"name":"reprise"}')
      else response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Calls in each of six rounds; `REPRISE_SOAK_CALLS` for more. */
const CALLS = Number(process.env['REPRISE_SOAK_CALLS'] ?? 20_000)

// Heap after each round of calls, and what is left of it for ten thousand of them over the last four rounds.
const programOf = (call: string, settle: string): string => `
  import { flush, instrument, tool } from 'reprise'
  const ask = tool(async (number) => ({ number, text: 'x'.repeat(300) }), { name: 'ask' })
  const never = tool(() => new Promise(() => {}), { name: 'never' })
  const heaps = []
  for (let round = 0; round < 6; round++) {
    for (let number = 0; number < ${CALLS}; number++) {
      ${call}
      if (number % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    ${settle}
    for (let pass = 0; pass < 3; pass++) { await new Promise((resolve) => setTimeout(resolve, 20)); gc() }
    heaps.push(process.memoryUsage().heapUsed)
  }
  console.log(JSON.stringify(heaps))
  process.exit(0)`

const slopeOf = (heaps: readonly number[]): number => ((heaps[5] ?? 0) - (heaps[1] ?? 0)) / ((4 * CALLS) / 10_000)

test.each([
  ['steps that end', 'await ask(number)', 'await flush()', 1_024],
  ['runs that end', 'await instrument(async function main() { await ask(number) })()', 'await flush()', 1_024],
  ['steps that never end', 'void never(number)', 'await flush()', 1_024],
])(
  'the heap does not grow with %s',
  async (name, call, settle, mostBytes) => {
    const end = await bench.run(programOf(call, settle), {
      flags: ['--expose-gc'],
      env: { REPRISE_ENDPOINT: await startAcknowledger(), REPRISE_STORE: bench.store('soak'), REPRISE_EXIT_TIMEOUT_MILLIS: '20000' },
    })
    expect(end.code).toBe(0)
    const heaps = JSON.parse(end.stdout) as number[]
    const slope = slopeOf(heaps)
    console.info(
      `memory, ${name}: heap ${heaps.map((heap) => (heap / 2 ** 20).toFixed(2)).join(' ')} MiB, ${slope.toFixed(0)} bytes per 10,000 calls`,
    )
    // In so few calls code is still being compiled, some two bytes a call; an object that is kept takes sixteen and more.
    expect(slope).toBeLessThan(CALLS >= 100_000 ? mostBytes : 40 * mostBytes)
  },
  600_000,
)

test('without a collector the heap stays at what the queue may hold', async () => {
  const end = await bench.run(programOf('await ask(number); void never(number)', ''), {
    flags: ['--expose-gc'],
    env: {
      REPRISE_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      REPRISE_STORE: bench.store('alone'),
      REPRISE_QUEUE_MAX_BYTES: String(4 * 1024 * 1024),
      REPRISE_EXIT_TIMEOUT_MILLIS: '20000',
    },
  })
  expect(end.code).toBe(0)
  const heaps = JSON.parse(end.stdout) as number[]
  console.info(`memory, no collector, queue 4 MiB: heap ${heaps.map((heap) => (heap / 2 ** 20).toFixed(2)).join(' ')} MiB`)
  expect(Math.max(...heaps)).toBeLessThan(60 * 2 ** 20)
}, 600_000)
