import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, PROTOBUF, readTape, until } from './support.ts'

const bench = new Bench()
const children: ChildProcess[] = []
const sockets: Socket[] = []
const agents: Agent[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const agent of agents.splice(0)) agent.destroy()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await bench.tearDown()
})

const LIMIT = 96
const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const body = (number: number): Uint8Array => writeTraces(groupOf([bareSpan({ spanId: idOf(number) })]))

/** Over connections of this agent; 0 where there was no answer. */
async function send(url: string, number: number, agent: Agent): Promise<number> {
  return await new Promise((resolve) => {
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers: PROTOBUF }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', () => resolve(0))
    sent.setTimeout(15_000, () => sent.destroy())
    sent.end(body(number))
  })
}

async function statusOf(url: string, agent: Agent): Promise<number> {
  return await new Promise((resolve) => {
    const asked = request(url, { agent }, (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
    asked.on('error', () => resolve(0)).end()
  })
}

function limitedCommand(): readonly string[] | undefined {
  try {
    execFileSync('prlimit', [`--nofile=${LIMIT}`, 'true'], { stdio: 'ignore' })
    return ['prlimit', `--nofile=${LIMIT}`, process.execPath]
  } catch {
    return undefined
  }
}

it('without a descriptor left, who is connected is served, who is new is turned away, and all, the index too, go on afterwards', async ({
  skip,
}) => {
  const command = limitedCommand()
  if (command === undefined) return skip('SKIPPED: prlimit is not here')
  const store = join(bench.folder(), 'store')
  const script = fileURLToPath(new URL('./run-collector.ts', import.meta.url))
  const [program = '', ...before] = command
  const child = spawn(program, [...before, '--conditions=reprise-source', '--disable-warning=ExperimentalWarning', script, store], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // However busy the machine is, the connections below outlast what is asked meanwhile.
    env: { ...process.env, HEADERS_TIMEOUT_MILLIS: '600000' },
  })
  children.push(child)
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const url = line.trim()
  const { port } = new URL(url)
  const early = new Agent({ keepAlive: true, maxSockets: 1 })
  const late = new Agent({ keepAlive: true, maxSockets: 1 })
  agents.push(early, late)
  expect(await send(url, 1, early)).toBe(200)
  // They stay until they are closed here: the time for headers is long.
  let refused = 0
  for (let index = 0; index < 2 * LIMIT; index++) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined).on('close', () => refused++)
    sockets.push(socket)
    await once(socket, 'connect').catch(() => undefined)
  }
  await until('refusals', () => refused > LIMIT / 2)
  expect(await send(url, 2, early)).toBe(200)
  expect(await send(url, 3, late)).toBe(0)
  expect(child.exitCode).toBe(null)
  const acknowledged = [1, 2]
  // The index looks for new files of the tape now and then, which takes a descriptor.
  let next = 10
  await until('an index that cannot follow', async () => {
    if ((await send(url, next, early)) === 200) acknowledged.push(next)
    next++
    return (await statusOf(`${url}/readyz`, early)) === 503
  })
  for (const socket of sockets.splice(0)) socket.destroy()
  await until('service for those who are new', async () => {
    if ((await send(url, 4, late)) !== 200) return false
    acknowledged.push(4)
    return true
  })
  await until('an index that follows again', async () => (await statusOf(`${url}/readyz`, late)) === 200)
  child.kill('SIGTERM')
  await once(child, 'close')
  const kept = new Set((await readTape(store)).spans.map(({ core }) => core.spanId))
  expect(acknowledged.map(idOf).filter((id) => !kept.has(id))).toEqual([])
})
