import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { ExitBench, freePort, spooledSpans } from './exit-programs.ts'
import { type FakeCollector, startFakeCollector, stepOf } from './fake-collector.ts'

const STAY = "console.log('ready'); await new Promise((resolve) => setTimeout(resolve, 20_000)); console.log('still alive')"

/** Every way in which a program can end: a record of three steps at that moment, two of them ended. */
const WAYS: Readonly<
  Record<string, { readonly end: string; readonly signal?: NodeJS.Signals; readonly before?: string; readonly mainEnds?: true }>
> = {
  return: { end: '', mainEnds: true },
  'process.exitCode': { end: 'process.exitCode = 7', mainEnds: true },
  'process.exit(0)': { end: 'process.exit(0)' },
  'process.exit(3)': { end: 'process.exit(3)' },
  'process.exit() after exitCode': { end: 'process.exitCode = 5; process.exit()' },
  'process.exit in a timer': { end: 'setTimeout(() => process.exit(4), 5); await new Promise(() => {})' },
  'a top-level await that never settles': { end: 'await new Promise(() => {})' },
  throw: { end: "throw new Error('thrown')", mainEnds: true },
  'throw of no error': { end: "throw 'just text'", mainEnds: true },
  'an error in a timer': {
    end: "setTimeout(() => { throw new Error('thrown later') }, 5); await new Promise((resolve) => setTimeout(resolve, 1000))",
  },
  'an unhandled rejection': { end: "Promise.reject(new Error('rejected')); await new Promise((resolve) => setTimeout(resolve, 1000))" },
  'a handled uncaughtException': {
    before: "process.on('uncaughtException', (error) => { console.log('caught', error.message); process.exitCode = 6 })",
    end: "setTimeout(() => { throw new Error('thrown later') }, 5); await new Promise((resolve) => setTimeout(resolve, 50))",
    mainEnds: true,
  },
  'process.exit in an unhandledRejection handler': {
    before: "process.on('unhandledRejection', () => { console.log('handled'); process.exit(8) })",
    end: "Promise.reject(new Error('rejected')); await new Promise((resolve) => setTimeout(resolve, 1000))",
  },
  'an exit listener that changes the code': {
    before: "process.on('exit', (code) => { console.log('exit', code); process.exitCode = 12 })",
    end: '',
    mainEnds: true,
  },
  'work in beforeExit': {
    before: "let rounds = 0; process.on('beforeExit', () => { if (rounds++ < 2) setTimeout(() => console.log('round', rounds), 1) })",
    end: '',
    mainEnds: true,
  },
  'a listener of beforeExit that came first': {
    before: "process.on('beforeExit', () => console.log('nothing left to do'))",
    end: '',
    mainEnds: true,
  },
  'process.exit in beforeExit': {
    end: "process.on('beforeExit', () => { console.log('nothing left to do'); process.exit(4) })",
    mainEnds: true,
  },
  'SIGTERM, no handler': { end: STAY, signal: 'SIGTERM' },
  'SIGINT, no handler': { end: STAY, signal: 'SIGINT' },
  'SIGHUP, no handler': { end: STAY, signal: 'SIGHUP' },
  'SIGUSR2, no handler': { end: STAY, signal: 'SIGUSR2' },
  'SIGTERM from itself': {
    end: "process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 2000)); console.log('alive')",
  },
  'SIGTERM, a handler that exits': {
    before: "process.on('SIGTERM', () => { console.log('bye'); process.exit(9) })",
    end: STAY,
    signal: 'SIGTERM',
  },
  'SIGINT, a handler that ends in peace': {
    before:
      "let stop; const stopped = new Promise((resolve) => { stop = resolve }); process.once('SIGINT', (signal) => { console.log('got', signal); stop() })",
    end: "console.log('ready'); const alive = setInterval(() => {}, 1000); await stopped; clearInterval(alive)",
    signal: 'SIGINT',
    mainEnds: true,
  },
  'SIGINT, a handler of once and a second SIGINT': {
    before: "process.once('SIGINT', () => { console.log('once'); setTimeout(() => process.kill(process.pid, 'SIGINT'), 20) })",
    end: STAY,
    signal: 'SIGINT',
  },
  'SIGTERM, a handler that does nothing': {
    before: "process.on('SIGTERM', () => console.log('ignored'))",
    end: "console.log('ready'); await new Promise((resolve) => setTimeout(resolve, 300)); console.log(process.listenerCount('SIGTERM') > 0)",
    signal: 'SIGTERM',
    mainEnds: true,
  },
  'SIGTERM with listeners of signal-exit': {
    // As signal-exit 4 does it: it raises the signal again where nobody else listens.
    before: `const emitter = (globalThis[Symbol.for('signal-exit emitter')] = { count: 1 })
      const raise = () => { if (process.listeners('SIGTERM').length !== emitter.count) return; process.off('SIGTERM', raise); console.log('raising'); process.kill(process.pid, 'SIGTERM') }
      process.on('SIGTERM', raise)`,
    end: STAY,
    signal: 'SIGTERM',
  },
}

function programOf({ before = '', end }: { before?: string; end: string }): string {
  return `
import { instrument, tool } from 'reprise'
${before}
const ask = tool(async (question) => 'the answer to ' + question, { name: 'ask' })
const main = instrument(async function main() {
  console.log(await ask('one'), await ask('mail bob@example.com'))
  ${end}
})
await main()
console.log('end')`
}

const bench = new ExitBench()
const collectors: FakeCollector[] = []
let deadPort = 0
beforeAll(async () => {
  deadPort = await freePort()
})
afterAll(async () => {
  for (const collector of collectors) await collector.close()
  bench.remove()
})

const nodes = [process.execPath, ...(process.env['REPRISE_TEST_NODE_22'] === undefined ? [] : [process.env['REPRISE_TEST_NODE_22']])]
if (nodes.length === 1)
  console.warn(
    'exit-matrix: Node 22 not tested; `npm install --prefix DIR node@22` and set REPRISE_TEST_NODE_22=DIR/node_modules/.bin/node',
  )

describe.each(nodes)('%s', (node) => {
  test.concurrent.each(Object.entries(WAYS))('%s: ends as without Reprise, and every step is sent or spooled', async (name, way) => {
    const source = programOf(way)
    const options = { node, ...(way.signal !== undefined && { signal: way.signal }) }
    const plain = await bench.run(source, { ...options, reprise: false })
    const expected = { code: plain.code, signal: plain.signal, stdout: plain.stdout }
    // The ways are what they say they are.
    if (way.signal !== undefined && name.includes('no handler')) expect(plain.signal).toBe(way.signal)

    const collector = await startFakeCollector()
    collectors.push(collector)
    const store = bench.store(`${node === process.execPath ? 'a' : 'b'}-${name.replaceAll(/\W+/g, '-')}`)
    // Time enough for a busy machine: what is shown here is what arrives, not when.
    const sent = await bench.run(source, {
      ...options,
      env: { REPRISE_ENDPOINT: collector.url, REPRISE_STORE: store, REPRISE_EXIT_TIMEOUT_MILLIS: '20000' },
    })
    expect({ code: sent.code, signal: sent.signal, stdout: sent.stdout }).toEqual(expected)
    expect(sent.stderr).not.toContain('reprise:')
    expect(stepsIn(collector.spans)).toEqual(stepsOf(way))
    expect(spooledSpans(store)).toEqual([])

    const spooled = await bench.run(source, { ...options, env: { REPRISE_ENDPOINT: `http://127.0.0.1:${deadPort}`, REPRISE_STORE: store } })
    expect({ code: spooled.code, signal: spooled.signal, stdout: spooled.stdout }).toEqual(expected)
    expect(spooled.stderr.split('\n').filter((line) => line.startsWith('reprise:'))).toHaveLength(1)
    const spans = spooledSpans(store)
    expect(stepsIn(spans)).toEqual(stepsOf(way))
    const texts = JSON.stringify(spans.map(stepOf).map(({ input, output }) => [input, output]))
    expect(texts).toContain('<email:')
    expect(texts).not.toContain('bob@')
  })
})

function stepsOf(way: { readonly mainEnds?: true }): string[] {
  return ['ask', 'ask', way.mainEnds === true ? 'main' : 'main, open']
}

/** Names in order; an announcement counts where the step itself did not come. */
function stepsIn(spans: FakeCollector['spans']): string[] {
  const steps = spans.map(stepOf)
  const ended = new Set(steps.filter(({ pending }) => !pending).map(({ span }) => span.spanId))
  expect(ended.size).toBe(steps.filter(({ pending }) => !pending).length)
  return steps
    .filter(({ pending, span }) => !pending || !ended.has(span.spanId))
    .map(({ pending, attributes }) => `${String(attributes[ATTR.stepName])}${pending ? ', open' : ''}`)
    .sort()
}
