import { LineScanner } from '../../src/store/index/line-scanner.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { percentile } from '../rounds.ts'
import { fillStore, runIdOf } from './fill.ts'

interface Spread {
  readonly p50: number
  readonly p99: number
}

/** By page: what it costs in the small store, and in the large one. */
export type PagesResult = Readonly<Record<string, { readonly small: Spread; readonly large: Spread }>>

export interface OpenResult {
  readonly openMillis: number
  readonly openWriteMillis: number
}

const LARGE_RUN = 100_000
const REPEATS = 200

async function fill(dir: string, steps: number): Promise<unknown> {
  const started = performance.now()
  const store = await openStore(dir, { mode: 'write' })
  // A large store has one large run; the rest is runs of programs.
  const large = steps >= 2 * LARGE_RUN ? LARGE_RUN : 0
  if (large > 0) await fillStore(store, { runs: 1, stepsPerRun: large, atOnce: 1, salt: 'large' })
  await fillStore(store, { runs: Math.floor((steps - large) / 2 / 20), stepsPerRun: 20, atOnce: 20, salt: 'short' })
  await fillStore(store, { runs: Math.floor((steps - large) / 2 / 200), stepsPerRun: 200, atOnce: 20, salt: 'long' })
  await store.index.catchUp()
  await store.close()
  return { seconds: (performance.now() - started) / 1000 }
}

type Page = (turn: number) => unknown

function pagesOf({ index }: Store): Record<string, Page> {
  const runs = index.readRun(runIdOf('large', 0)) === undefined ? runIdOf('long', 1) : runIdOf('large', 0)
  const second = index.listRuns({ limit: 50 }).next ?? ''
  const page = (query: Omit<Parameters<typeof index.listRuns>[0], 'limit'>): unknown => index.listRuns({ limit: 50, ...query })
  return {
    'run list, first 50': () => page({ namespace: 'local' }),
    'run list, next 50': () => page({ cursor: second }),
    'runs by status': () => page({ status: 'error', namespace: 'local' }),
    'runs by model and tag': () => page({ model: 'gpt-5.1', tags: ['env=prod'] }),
    'runs by name': () => page({ nameContains: 'RAM-7' }),
    'runs by session': (turn) => page({ session: `session-${turn}` }),
    'runs by step name': () => page({ stepText: 'model-3' }),
    'runs by text nobody has': () => page({ stepText: 'no such text' }),
    'one run': (turn) => index.readRun(runIdOf('short', turn)),
    'largest run, first 50 steps': () => index.listSteps(runs, { limit: 50 }),
    'largest run, failed steps': () => index.listSteps(runs, { limit: 50, status: 'error' }),
    'largest run, a window': (turn) => index.listSteps(runs, { limit: 50, fromSequence: turn }),
    'one step': (turn) => index.listSteps(runIdOf('long', turn % 20), { limit: 1 }),
  }
}

/** One call in the small store, one in the large one, and so on: whatever slows the machine down slows both down. */
function timed(small: Page, large: Page): { small: Spread; large: Spread } {
  const millis = { small: [] as number[], large: [] as number[] }
  for (let turn = 0; turn < REPEATS; turn++) {
    for (const [name, read] of [['small', small] as const, ['large', large] as const]) {
      const started = performance.now()
      read(turn)
      millis[name].push(performance.now() - started)
    }
  }
  const spreadOf = (all: readonly number[]): Spread => ({ p50: percentile(all, 50), p99: percentile(all, 99) })
  return { small: spreadOf(millis.small), large: spreadOf(millis.large) }
}

async function pages(smallDir: string, largeDir: string): Promise<PagesResult> {
  const small = await openStore(smallDir, { mode: 'read' })
  const large = await openStore(largeDir, { mode: 'read' })
  const few = pagesOf(small)
  const measured = Object.entries(pagesOf(large)).map(([name, read]) => [name, timed(few[name] ?? read, read)] as const)
  await small.close()
  await large.close()
  return Object.fromEntries(measured)
}

async function open(dir: string): Promise<OpenResult> {
  let started = performance.now()
  const store = await openStore(dir, { mode: 'read' })
  store.index.listRuns({ limit: 50 })
  const openMillis = performance.now() - started
  await store.close()
  started = performance.now()
  const writer = await openStore(dir, { mode: 'write' })
  await writer.index.catchUp()
  writer.index.listRuns({ limit: 50 })
  const openWriteMillis = performance.now() - started
  await writer.close()
  return { openMillis, openWriteMillis }
}

function cpuMicrosOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The whole index made anew; and on a part of the same lines what finding the fields costs, beside parsing them whole. */
async function reindex(dir: string): Promise<unknown> {
  const store = await openStore(dir, { mode: 'write' })
  await store.index.catchUp()
  const before = process.cpuUsage()
  const started = performance.now()
  const { records } = await store.reindex()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)

  const lines: string[] = []
  for await (const group of store.tape.readGroups(0)) {
    lines.push(...group.lines)
    if (lines.length >= 20_000) break
  }
  const scanner = new LineScanner()
  const texts = lines.map((line) => Buffer.from(line))
  const scan = (): void => {
    for (const bytes of texts) scanner.read(bytes, 0, bytes.length)
  }
  const parse = (): void => {
    for (const line of lines) JSON.parse(line)
  }
  scan()
  parse()
  const scanMicros = cpuMicrosOf(scan) / lines.length
  const parseMicros = cpuMicrosOf(parse) / lines.length
  await store.close()
  return { stepsPerSecond: records / seconds, cpuMicros: (user + system) / records, scanMicros, parseMicros }
}

const VERBS: Readonly<Record<string, (dir: string, other: string) => Promise<unknown>>> = {
  fill: (dir, steps) => fill(dir, Number(steps)),
  pages,
  open,
  reindex,
}
const [verb = '', dir = '', other = ''] = process.argv.slice(2)
console.log(JSON.stringify(await VERBS[verb]?.(dir, other)))
