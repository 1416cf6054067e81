import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, utimesSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { hexOf } from '../store/support/records.ts'
import { Bench, until } from './support.ts'

const PROGRAM = fileURLToPath(new URL('./run-killed-sender.ts', import.meta.url))
const SEED = Number(process.env['REPRISE_TEST_SEED'] ?? 20261121)
const ROUNDS = Number(process.env['REPRISE_TEST_KILLS'] ?? 3)
const bench = new Bench()
const killed: (() => void)[] = []
afterEach(async () => {
  for (const kill of killed.splice(0)) kill()
  await bench.tearDown()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

interface Sender {
  /** The last step that it was told to be durable; -1 for none. */
  kept(): number
  kill(): Promise<void>
}

function startSender(port: number, store: string): Sender {
  const child = spawn(
    process.execPath,
    ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', PROGRAM, `http://127.0.0.1:${port}`, store],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  killed.push(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  let last = -1
  createInterface(child.stdout).on('line', (line) => {
    last = Number(line)
  })
  return {
    kept: () => last,
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const spoolOf = (store: string): string[] => {
  const folder = join(store, 'spool')
  return existsSync(folder) ? readdirSync(folder).filter((name) => /\.(?:spool|claimed|tmp|bad)$/.test(name)) : []
}

/** What was half-written when its program died is taken over once it has not been touched for a minute: it is made that old. */
function age(store: string): void {
  for (const name of spoolOf(store)) utimesSync(join(store, 'spool', name), new Date(Date.now() - 120_000), new Date(Date.now() - 120_000))
}

function stepsOf(store: Store, run: string): string[] {
  return store.readRunRecords(run).flatMap(({ core }) => (core.kind === 'tool' ? [core.stepName] : []))
}

it(`a program killed at any moment, its collector there or not, loses nothing that it was told is durable, and nothing is there twice (seed ${SEED})`, async () => {
  const store = join(bench.folder(), 'store')
  const port = await freePort()
  const chance = (round: number, what: string): number => Number.parseInt(hexOf(6, SEED, round, what), 16) / 0xffffff
  let spooledRounds = 0
  let spooledSteps = 0
  for (let round = 0; round < ROUNDS; round++) {
    let collector: Collector | undefined = await bench.collector({ store, port, workers: 1 })
    const before = new Set((await runsIn(store)).map(({ id }) => id))
    const sender = startSender(port, store)
    await until('the first steps', () => sender.kept() >= 0)
    await pause(150 * chance(round, 'with a collector'))
    // Every other time the collector goes first, so that the program has to spool.
    const alone = round % 2 === 1
    if (alone) {
      await collector.close()
      collector = undefined
      await until('the spool', () => spoolOf(store).length > 0)
      await pause(200 * chance(round, 'without a collector'))
    }
    await sender.kill()
    const kept = sender.kept()
    age(store)
    const aside = join(bench.folder(), 'spool')
    if (alone) cpSync(join(store, 'spool'), aside, { recursive: true, preserveTimestamps: true })
    if (spoolOf(store).length > 0) spooledRounds++
    collector ??= await bench.collector({ store, port, workers: 1 })
    await until('an empty spool', async () => (await collector?.takeSpool()) === true)
    if (alone) {
      // As if it had died after it stored them and before it removed the files.
      cpSync(aside, join(store, 'spool'), { recursive: true, preserveTimestamps: true })
      expect(spoolOf(store)).not.toEqual([])
      await until('it to be empty again', async () => (await collector?.takeSpool()) === true)
    }
    await collector.checkSenders()
    await collector.checkSenders()
    await collector.close()

    const reader = await openStore(store, { mode: 'read' })
    const [run, ...others] = (await runsIn(store)).filter(({ id }) => !before.has(id))
    expect(others).toEqual([])
    // It says where it died, and that nobody ended it.
    expect(run).toMatchObject({ name: 'endless', status: 'interrupted', interrupted: 'sender-gone' })
    const names = stepsOf(reader, run?.id ?? '')
    expect(new Set(names).size, 'a step is there twice').toBe(names.length)
    const there = new Set(names)
    const lost = Array.from({ length: kept + 1 }, (_, number) => `step ${number}`).filter((name) => !there.has(name))
    expect(lost, `round ${round}: ${names.length} steps there, ${kept + 1} told to be durable`).toEqual([])
    expect(run?.stepsByKind['tool']).toBe(names.length)
    // A batch that was in memory when it died, and newer ones not: what is missing between them shows as a hole.
    const numbers = names.map((name) => Number(name.slice('step '.length)))
    const holes = reader.index.readGaps(run?.id ?? '').missingBatches
    expect(holes.length > 0, `round ${round}: ${names.length} steps up to ${Math.max(...numbers)}`).toBe(
      Math.max(...numbers) + 1 > names.length,
    )
    spooledSteps += alone ? Math.max(...numbers) - kept : 0
    await reader.close()
  }
  expect(spooledRounds).toBeGreaterThan(0)
  expect(spooledSteps).toBeGreaterThan(0)
  expect(spoolOf(store)).toEqual([])
  expect((await checkStoreFolder(store)).problems).toEqual([])
}, 60_000)

async function runsIn(folder: string): Promise<ReturnType<Store['index']['listRuns']>['runs']> {
  const store = await openStore(folder, { mode: 'read' })
  try {
    return store.index.listRuns({ limit: 100 }).runs
  } finally {
    await store.close()
  }
}
