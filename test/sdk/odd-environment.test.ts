import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { OPTION_KEYS, OPTIONS, RepriseError } from '../../src/schemas/index.ts'
import { resolveRecorderOptions } from '../../src/sdk/recorder/options.ts'
import { ExitBench, freePort, spooledSpans, startRawServer } from './exit-programs.ts'
import { startFakeCollector } from './fake-collector.ts'

const NAMES = [...new Set([...OPTION_KEYS.flatMap((key) => OPTIONS[key].env), 'OTEL_RESOURCE_ATTRIBUTES', 'OTEL_SERVICE_NAME'])]
const ODD = [
  '',
  ' ',
  '0',
  '-1',
  'NaN',
  '1e9',
  'true',
  'TRUE ',
  'null',
  '{}',
  'http://',
  'http://[',
  '//x',
  'a=b',
  '=',
  'a=%zz',
  '\u0000',
  'ü'.repeat(300),
  '../..',
  '99999999999999999999',
]

test('whatever the environment says, options are read or refused by the name of the variable', () => {
  const value = fc.oneof(fc.constantFrom(...ODD), fc.string(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), value, (name, text) => {
      const before = process.env[name]
      try {
        process.env[name] = text.replaceAll('\u0000', '')
        resolveRecorderOptions({})
      } catch (error) {
        expect(RepriseError.isInstance(error) && error.code).toBe('invalid_option')
        expect(String(error)).toContain(name)
      } finally {
        if (before === undefined) delete process.env[name]
        else process.env[name] = before
      }
    }),
    { numRuns: 2_000 },
  )
})

const bench = new ExitBench()
afterAll(() => bench.remove())

describe('a program', () => {
  const program = (start: string): string => `
    import { instrument, startRecorder, tool } from 'reprise'
    ${start}
    const ask = tool(async () => 'answer', { name: 'ask' })
    console.log(await instrument(async function main() { return await ask() })())`

  test.each([
    ['REPRISE_ENDPOINT', 'not a url'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
    ['REPRISE_EXPORTER', 'grpc'],
    ['REPRISE_SPOOL_MAX_BYTES', 'lots'],
    ['REPRISE_EXIT_TIMEOUT_MILLIS', '-5'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'no pair'],
  ])('under %s=%s runs as ever, with one line that names the variable', async (name, value) => {
    for (const start of ['', 'startRecorder()']) {
      const end = await bench.run(program(start), { env: { [name]: value, REPRISE_STORE: bench.store('off') } })
      expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 0, stdout: 'answer\n' })
      expect(end.stderr).toMatch(new RegExp(`^reprise: nothing is recorded: .*${name}.*\n$`))
    }
  })

  test.each([
    ['OTEL_SDK_DISABLED', 'perhaps'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=%zz,,=x'],
    ['OTEL_TRACES_SAMPLER', 'no_such_sampler'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '-1'],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', 'many'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'carrier-pigeon'],
    ['REPRISE_NO_SUCH_OPTION', 'x'],
  ])('under %s=%s is recorded', async (name, value) => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const end = await bench.run(program(''), { env: { [name]: value, REPRISE_ENDPOINT: endpoint, REPRISE_STORE: bench.store('on') } })
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 0, stdout: 'answer\n' })
    expect(end.stderr).toMatch(/^reprise: (?:2 steps kept in |.*OTEL_RESOURCE_ATTRIBUTES)/)
  })

  test.runIf(process.platform === 'linux')('whose store lies where no folder can be made ends, and is told so', async () => {
    const env = { REPRISE_ENDPOINT: `http://127.0.0.1:${await freePort()}`, REPRISE_STORE: '/proc/none/store' }
    const end = await bench.run(program(''), { env })
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 0, stdout: 'answer\n' })
    expect(end.stderr).toMatch(/^reprise: 2 lost \(spool_failed: ENOENT\)/)
  })

  test('whose working directory is gone is recorded, and told that its spool has no place', async () => {
    const source = `
      import { mkdirSync, rmdirSync } from 'node:fs'
      mkdirSync('gone'); process.chdir('gone'); rmdirSync('../gone')
      const { tool } = await import('reprise')
      console.log(await tool(async () => 'answer', { name: 'ask' })())`
    const end = await bench.run(source, { env: { REPRISE_ENDPOINT: `http://127.0.0.1:${await freePort()}` } })
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 0, stdout: 'answer\n' })
    expect(end.stderr).toMatch(/^reprise: 1 lost \(spool_failed: ENOENT\)/)
  })

  test.each(['', 'process.exit(0)'])(
    'under the permission model that ends by %j spools what it may not send, and says why',
    async (end) => {
      const store = bench.store(`permission-${end.length}`)
      const collector = await startFakeCollector()
      onTestFinished(() => collector.close())
      const endpoint = end === '' ? `http://127.0.0.1:${await freePort()}` : collector.url
      const flags = ['--permission', '--allow-fs-read=*', `--allow-fs-write=${store}`, `--allow-fs-write=${store}/*`]
      const env = { REPRISE_ENDPOINT: endpoint, REPRISE_STORE: store, REPRISE_EXIT_TIMEOUT_MILLIS: '20000', NODE_COMPILE_CACHE: '' }
      const ended = await bench.run(`${program('')}\n${end}`, { env, flags })
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 0, stdout: 'answer\n' })
      const why = end === '' ? 'connection refused' : 'no thread to send with: .*permission.*'
      expect(ended.stderr).toMatch(new RegExp(`^reprise: 2 steps kept in .* \\(${why}\\)`))
      expect(spooledSpans(store)).toHaveLength(2)
    },
  )

  test('that exits while its collector hangs up is told what happened, not that nobody was there', async () => {
    const server = await startRawServer((socket) => socket.once('data', () => socket.destroy()))
    const env = { REPRISE_ENDPOINT: server.url, REPRISE_STORE: bench.store('hangs-up'), REPRISE_EXIT_TIMEOUT_MILLIS: '20000' }
    const end = await bench.run(`${program('')}\nprocess.exit(0)`, { env })
    server.close()
    expect(end.stderr).toMatch(/^reprise: 2 steps kept in .* \(socket hang up\)/)
  })

  test('that gives a bad option itself gets an error that it can see', async () => {
    const end = await bench.run(program('try { startRecorder({ queueMaxBytes: 1 }) } catch (error) { console.log(error.code) }'), {
      env: { REPRISE_ENABLED: 'false' },
    })
    expect(end).toMatchObject({ code: 0, stdout: 'invalid_option\nanswer\n', stderr: '' })
  })
})
