import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { ExitBench, freePort, type ProcessEnd } from './exit-programs.ts'
import { attributesOf, type FakeCollector, startFakeCollector } from './fake-collector.ts'

const bench = new ExitBench()
let backend: FakeCollector
beforeEach(async () => {
  backend = await startFakeCollector({ reprise: false })
})
afterEach(async () => {
  backend.answer = undefined
  await backend.close()
})
afterAll(() => bench.remove())

const SECRET = `sk-proj-${'aB3'.repeat(16)}`

/** Calls a tool so many times, after a flush or not, then ends in the way given. */
const programOf = (calls: number, ending: string, flushed: boolean): string => `
import { instrument, tool, flush } from 'reprise'
const look = tool((value) => ({ found: value }), { name: 'look' })
look('first')
${flushed ? 'await flush()' : ''}
for (let index = 0; index < ${calls}; index++) look({ index, key: '${SECRET}' })
${ending}
`

async function run(source: string, env: Record<string, string> = {}, signal?: NodeJS.Signals): Promise<ProcessEnd> {
  return await bench.run(source, {
    env: { REPRISE_ENDPOINT: backend.url, REPRISE_STORE: bench.store('none'), REPRISE_EXIT_TIMEOUT_MILLIS: '20000', ...env },
    ...(signal !== undefined && { signal }),
  })
}

const looks = (): number => new Set(backend.spans.filter(({ name }) => name.includes('look')).map(({ spanId }) => spanId)).size

describe.each(['auto', 'otlp'])('a backend that is no Reprise collector, exporter %s', (exporter) => {
  const env = { REPRISE_EXPORTER: exporter }

  test.each([
    ['before anything was sent', false],
    ['after a flush', true],
  ])('gets what is left when the program calls process.exit, %s', async (_, flushed) => {
    const end = await run(programOf(300, 'process.exit(3)', flushed), env)
    expect([end.code, end.signal, end.stderr]).toEqual([3, null, ''])
    expect(looks()).toBe(301)
    const all = JSON.stringify(backend.spans.map(attributesOf))
    expect(all).not.toContain(SECRET)
    expect(all).toContain(ATTR.kind)
    expect(backend.spans.every(({ kind }) => kind >= 1)).toBe(true)
  })

  test('gets it when the program throws, or is told to end', async () => {
    const thrown = await run(programOf(5, "throw new Error('boom')", false), env)
    expect([thrown.code, thrown.stderr.includes('boom'), looks()]).toEqual([1, true, 6])
    backend.spans.length = 0
    const ended = await run(programOf(5, "console.log('ready'); setInterval(() => {}, 1000)", true), env, 'SIGTERM')
    expect([ended.code, ended.signal, looks()]).toEqual([null, 'SIGTERM', 6])
  })

  test('that refuses it costs the steps, and one line', async () => {
    backend.answer = (_request, response) => void response.writeHead(400).end()
    const end = await run(programOf(4, 'process.exit(0)', false), env)
    expect(end.code).toBe(0)
    expect(end.stderr).toMatch(/^reprise: 5 steps not recorded: .*refused.*\n$/)
  })
})

test('a backend that never answers delays the end no longer than it may', async () => {
  backend.answer = () => undefined
  const end = await run(programOf(4, 'process.exit(0)', false), { REPRISE_EXPORTER: 'otlp', REPRISE_EXIT_TIMEOUT_MILLIS: '300' })
  expect(end.code).toBe(0)
  expect(end.stderr).toMatch(/^reprise: 5 steps not recorded: .*\n$/)
})

test('nobody there costs the steps, and one line', async () => {
  const end = await run(programOf(4, 'process.exit(0)', false), {
    REPRISE_EXPORTER: 'otlp',
    REPRISE_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
  })
  expect([end.code, end.signal]).toEqual([0, null])
  expect(end.stderr).toMatch(/^reprise: 5 steps not recorded: no collector at .*\n$/)
})
