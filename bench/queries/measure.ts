import { LineScanner } from '../../src/store/index/line-scanner.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { percentile } from '../rounds.ts'
import { fillStore, runIdOf } from './fill.ts'

export interface QueryResult {
  readonly pages: Readonly<Record<string, { readonly p50: number; readonly p99: number }>>
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

function timed(read: (turn: number) => unknown): { p50: number; p99: number } {
  const millis: number[] = []
  for (let turn = 0; turn < REPEATS; turn++) {
    const started = performance.now()
    read(turn)
    millis.push(performance.now() - started)
  }
  return { p50: percentile(millis, 50), p99: percentile(millis, 99) }
}

function measurePages(store: Store): QueryResult['pages'] {
  const { index } = store
  const runs = index.readRun(runIdOf('large', 0)) === undefined ? runIdOf('long', 1) : runIdOf('large', 0)
  const second = index.listRuns({ limit: 50 }).next ?? ''
  const page = (query: Omit<Parameters<typeof index.listRuns>[0], 'limit'>): unknown => index.listRuns({ limit: 50, ...query })
  return {
    'run list, first 50': timed(() => page({ namespace: 'local' })),
    'run list, next 50': timed(() => page({ cursor: second })),
    'runs by status': timed(() => page({ status: 'error', namespace: 'local' })),
    'runs by model and tag': timed(() => page({ model: 'gpt-5.1', tags: ['env=prod'] })),
    'runs by name': timed(() => page({ nameContains: 'RAM-7' })),
    'runs by session': timed((turn) => page({ session: `session-${turn}` })),
    'runs by step name': timed(() => page({ stepText: 'model-3' })),
    'runs by text nobody has': timed(() => page({ stepText: 'no such text' })),
    'one run': timed((turn) => index.readRun(runIdOf('short', turn))),
    'largest run, first 50 steps': timed(() => index.listSteps(runs, { limit: 50 })),
    'largest run, failed steps': timed(() => index.listSteps(runs, { limit: 50, status: 'error' })),
    'largest run, a window': timed((turn) => index.listSteps(runs, { limit: 50, fromSequence: turn })),
    'one step': timed((turn) => index.listSteps(runIdOf('long', turn % 20), { limit: 1 })),
  }
}

async function query(dir: string): Promise<QueryResult> {
  let started = performance.now()
  const store = await openStore(dir, { mode: 'read' })
  store.index.listRuns({ limit: 50 })
  const openMillis = performance.now() - started
  const pages = measurePages(store)
  await store.close()
  started = performance.now()
  const writer = await openStore(dir, { mode: 'write' })
  await writer.index.catchUp()
  writer.index.listRuns({ limit: 50 })
  const openWriteMillis = performance.now() - started
  await writer.close()
  return { pages, openMillis, openWriteMillis }
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

const [verb, dir = '', count = '0'] = process.argv.slice(2)
const result = verb === 'fill' ? await fill(dir, Number(count)) : verb === 'query' ? await query(dir) : await reindex(dir)
console.log(JSON.stringify(result))
