import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { type FakeCollector, startFakeCollector, stepOf, stepsOf } from './fake-collector.ts'
import { runProgram } from './program.ts'

let collector: FakeCollector
beforeEach(async () => {
  collector = await startFakeCollector()
})
afterEach(async () => {
  await collector.close()
})

const PROGRAM = `
import { instrument, tool } from 'reprise'
const add = tool((a, b) => a + b, { name: 'add' })
const main = instrument(async function main(how) {
  const sum = add(1, 2)
  if (how === 'throw') throw new Error('the program failed')
  if (how === 'exit') process.exit(3)
  return sum
})
console.log(await main(process.env.HOW))
`

/** Time enough for a busy machine: what is shown is what arrives, not when. */
const patientEnv = (): Record<string, string> => ({ REPRISE_ENDPOINT: collector.url, REPRISE_EXIT_TIMEOUT_MILLIS: '20000' })

describe('with a collector', () => {
  test('a short script is recorded whole, with no code of its own for it', async () => {
    const end = await runProgram(PROGRAM, { HOW: 'return', ...patientEnv() })
    expect(end).toMatchObject({ code: 0, stdout: '3\n', stderr: '' })
    expect(stepsOf(collector).map(({ name, output }) => [name, output])).toEqual([
      ['main', 3],
      ['add', 3],
    ])
  })

  test('a program that dies of an error is recorded whole, and dies as before', async () => {
    const end = await runProgram(PROGRAM, { HOW: 'throw', ...patientEnv() })
    expect(end.code).toBe(1)
    expect(end.stderr).toContain('the program failed')
    expect(end.stderr).not.toContain('reprise:')
    const steps = stepsOf(collector)
    expect(steps.map(({ name }) => name)).toEqual(['main', 'add'])
    expect(steps[0]?.attributes['error.type']).toBe('Error')
  })

  test('a program that exits in the middle of its run: what ended is sent, what was open is announced', async () => {
    const end = await runProgram(PROGRAM, { HOW: 'exit', ...patientEnv() })
    expect(end).toMatchObject({ code: 3, stdout: '', stderr: '' })
    expect(collector.spans.map(stepOf).map(({ name, pending }) => [name, pending])).toEqual([
      ['main', true],
      ['add', false],
    ])
  })

  test('an unhandled rejection of a wrapped call still ends the program', async () => {
    const program = `
      import { tool } from 'reprise'
      tool(async () => { throw new Error('nobody handles this') }, { name: 'rejected' })()
      setTimeout(() => console.log('still alive'), 1000)`
    const end = await runProgram(program, { ...patientEnv() })
    expect(end.code).toBe(1)
    expect(end.stdout).toBe('')
    expect(end.stderr).toContain('nobody handles this')
    expect(stepsOf(collector).map(({ name }) => name)).toEqual(['rejected'])
  })

  test('the unhandledRejection event has the same error object', async () => {
    const program = `
      import { tool } from 'reprise'
      const error = new Error('mine')
      process.on('unhandledRejection', (reason) => console.log(reason === error))
      tool(() => Promise.reject(error), { name: 'rejected' })()`
    expect(await runProgram(program, { ...patientEnv() })).toMatchObject({ code: 0, stdout: 'true\n' })
  })

  test('an idle recorder keeps no process alive, a step that never ends neither', async () => {
    const program = `
      import { instrument, tool, flush } from 'reprise'
      const never = tool(() => new Promise(() => {}), { name: 'never' })
      instrument(async function stuck() { await never() })()
      await flush()
      console.log('flushed')`
    const end = await runProgram(program, { ...patientEnv() })
    expect(end).toMatchObject({ code: 0, stdout: 'flushed\n', stderr: '' })
    expect(collector.spans.map(stepOf).map(({ name, pending }) => [name, pending])).toEqual([
      ['stuck', true],
      ['never', true],
    ])
  })

  test('two loaded copies of the package record one run together', async () => {
    const program = `
      import { cpSync, mkdtempSync, symlinkSync } from 'node:fs'
      import { join } from 'node:path'
      import { tmpdir } from 'node:os'
      import { instrument, model } from 'reprise'
      const copy = mkdtempSync(join(tmpdir(), 'reprise-copy-'))
      for (const room of ['schemas', 'otlp', 'redaction', 'adapters', 'sdk']) cpSync(join(process.cwd(), 'src', room), join(copy, 'src', room), { recursive: true })
      symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
      cpSync(join(process.cwd(), 'package.json'), join(copy, 'package.json'))
      const other = await import(join(copy, 'src/sdk/index.ts'))
      if (other.model === model) throw new Error('this is the same copy')
      const chat = model(async () => 'hi', { name: 'chat' })
      if (other.model(chat) !== chat) throw new Error('wrapped twice')
      const search = other.tool(async () => ['x'], { name: 'search' })
      await instrument(async function main() { return [await chat(), await search(), other.currentRun().id] })()
      await other.flush()
      console.log(other.ranInstrumented(instrument(() => {})))`
    const end = await runProgram(program, { ...patientEnv() })
    expect(end).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' })
    const steps = stepsOf(collector)
    expect(steps.map(({ name, sequence }) => [name, sequence])).toEqual([
      ['main', 0],
      ['chat', 1],
      ['search', 2],
    ])
    expect(new Set(steps.map(({ attributes }) => attributes[ATTR.runId])).size).toBe(1)
  })
})

describe('without a collector', () => {
  const temporaryStore = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-exit-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }
  // A port that nobody listens on: taken, and given back.
  const freePort = async (): Promise<number> => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return port
  }

  test.each([
    ['return', 0, '3\n'],
    ['throw', 1, ''],
    ['exit', 3, ''],
  ])('a program that ends by %s ends so, with one warning', async (how, code, stdout) => {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    const store = temporaryStore()
    const end = await runProgram(PROGRAM, { HOW: how, REPRISE_ENDPOINT: endpoint, REPRISE_STORE: store })
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code, stdout })
    const warnings = end.stderr.split('\n').filter((line) => line.startsWith('reprise:'))
    expect(warnings).toEqual([
      `reprise: 2 steps kept in ${join(store, 'spool')} for the next collector: no collector at ${endpoint} (connection refused). Start one with \`reprise up\`, or set REPRISE_ENABLED=false.`,
    ])
  })

  test.each(['return', 'exit'])('a collector that never answers delays the end (%s) by the exit timeout at most', async (how) => {
    const sockets = new Set<Socket>()
    const mute = createServer((socket) => sockets.add(socket))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const end = await runProgram(PROGRAM, {
      HOW: how,
      REPRISE_ENDPOINT: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
      REPRISE_EXIT_TIMEOUT_MILLIS: '100',
      REPRISE_FLUSH_TIMEOUT_MILLIS: '60000',
    })
    expect(end.code).toBe(how === 'exit' ? 3 : 0)
    // Half of it for sending; less where a busy machine has taken some of it before.
    expect(end.stderr).toMatch(/^reprise: 2 steps kept in .*: no collector at .* \(no acknowledgement within (?:50|[1-4]?\d) ms\)\./)
    for (const socket of sockets) socket.destroy()
    mute.close()
  })

  test.each([
    ['REPRISE_ENABLED', 'false'],
    ['OTEL_SDK_DISABLED', 'true'],
  ])('%s=%s records nothing, asks nobody and says nothing; seeded numbers stay the same', async (key, value) => {
    const program = `
      import { currentRun, instrument } from 'reprise'
      console.log(await instrument(async () => currentRun().random('x')(), { seed: 7 })())`
    const off = await runProgram(program, { [key]: value, REPRISE_ENDPOINT: collector.url })
    expect(off).toMatchObject({ code: 0, stderr: '' })
    expect(collector.requests).toEqual([])
    const on = await runProgram(program, { ...patientEnv() })
    expect(on.stdout).toBe(off.stdout)
  })

  test('an option that cannot be read turns recording off and is said once; the program runs on', async () => {
    const end = await runProgram(PROGRAM, { HOW: 'return', REPRISE_QUEUE_MAX_BYTES: 'lots' })
    expect(end).toMatchObject({ code: 0, stdout: '3\n' })
    expect(end.stderr).toMatch(/^reprise: nothing is recorded: queueMaxBytes \(environment REPRISE_QUEUE_MAX_BYTES\): expected .*\n$/)
  })
})
