import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { checkStoreFolder, openStore } from '../../src/store/index.ts'
import { Dice } from './dice.ts'
import { type CrashReceipt, commitOf } from './receipt.ts'
import { type Batch, batchOf, RUN_ID, sendBatch } from './sender.ts'

const CONNECTIONS = 4
const START_MAX_MILLIS = 10_000
const CHILD = fileURLToPath(new URL('collector-child.ts', import.meta.url))

export interface LoopOptions {
  readonly dir: string
  readonly seed: number
  readonly cycles: number
  /** Run what was built: it starts faster. */
  readonly built?: boolean
  readonly onCycle?: (cycle: number) => void
}

/** Sends to a collector under load, kills it with SIGKILL at a random moment, again and again, and judges what is there. */
export async function runKillLoop({ dir, seed, cycles, built = false, onCycle }: LoopOptions): Promise<CrashReceipt> {
  const started = performance.now()
  const dice = new Dice(seed)
  const acknowledged = new Set<number>()
  const again = new Set<number>()
  let next = 0
  let unanswered: Batch[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    // Threads take longer to start than all the rest.
    const { child, url } = await startChild(dir, built, cycle % 3 === 0)
    const closed = new Promise((resolve) => child.once('close', resolve))
    let alive = true
    let left: Batch[] = []
    let answered = (): void => undefined
    const firstAnswer = new Promise<void>((resolve) => {
      answered = resolve
    })
    const waiting = unanswered
    const connection = async (): Promise<void> => {
      while (alive) {
        // A sender keeps what was not answered, and sends it again; now and then the program is gone as well.
        const old = waiting.pop()
        if (old !== undefined) for (const number of old.numbers) again.add(number)
        const batch = old ?? batchOf(next, dice)
        if (old === undefined) next += batch.numbers.length
        if (await sendBatch(url, batch)) {
          for (const number of batch.numbers) acknowledged.add(number)
          answered()
        } else left.push(batch)
      }
    }
    const connections = Array.from({ length: CONNECTIONS }, connection)
    // Now and then it dies while it starts.
    if (dice.next() < 0.9) await Promise.race([firstAnswer, sleep(START_MAX_MILLIS)])
    await sleep(dice.between(0, 150))
    child.kill('SIGKILL')
    alive = false
    await Promise.all([closed, ...connections])
    left = [...left, ...waiting]
    unanswered = left.filter(() => dice.next() < 0.7)
    if (cycle % 10 === 9) await judgeMidway(dir, acknowledged)
    onCycle?.(cycle + 1)
  }
  const { stored, counts } = await readStored(dir)
  const check = await checkStoreFolder(dir)
  const lost = [...acknowledged].filter((number) => !stored.has(number)).length
  const doubled = [...counts].filter(([number, count]) => count > 1 && !again.has(number)).length + (await shownTwice(dir))
  return {
    schema: 'reprise.crash-receipt/1',
    loop: 'kill',
    seed,
    commit: commitOf(fileURLToPath(new URL('../..', import.meta.url))),
    node: process.version,
    cycles,
    sent: next,
    acknowledged: acknowledged.size,
    stored: stored.size,
    lost,
    doubled,
    sentAgain: again.size,
    tailsCut: cutFiles(dir),
    problems: check.problemCount,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

async function startChild(dir: string, built: boolean, hasThreads: boolean): Promise<{ child: ChildProcess; url: string }> {
  const flags = ['--disable-warning=ExperimentalWarning', ...(built ? [] : ['--conditions=reprise-source'])]
  const child = spawn(process.execPath, [...flags, CHILD, dir, ...(hasThreads ? [] : ['0'])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
    child.once('close', (code, signal) => reject(new Error(`the collector ended with ${String(code ?? signal)} at its start: ${errors}`)))
  })
  return { child, url }
}

/** Often enough that a loss is noticed near its crash. */
async function judgeMidway(dir: string, acknowledged: ReadonlySet<number>): Promise<void> {
  const { stored } = await readStored(dir)
  const lost = [...acknowledged].filter((number) => !stored.has(number))
  if (lost.length > 0)
    throw new Error(`acknowledged and not stored: ${lost.slice(0, 10).join(', ')} (${lost.length} in all), store kept at ${dir}`)
}

/** How often each span stands on the tape. */
async function readStored(dir: string): Promise<{ stored: Set<number>; counts: Map<number, number> }> {
  const reader = await openStore(dir, { mode: 'read' })
  const counts = new Map<number, number>()
  try {
    for await (const { lines } of reader.tape.readGroups(0)) {
      for (const line of lines) {
        const id = /"spanId":"([0-9a-f]{16})"/.exec(line)?.[1]
        if (id === undefined || !line.includes('"reprise.span/1"')) continue
        const number = Number.parseInt(id, 16) - 1
        counts.set(number, (counts.get(number) ?? 0) + 1)
      }
    }
  } finally {
    await reader.close()
  }
  return { stored: new Set(counts.keys()), counts }
}

/** Spans that a view shows more than once, whatever was sent again. */
async function shownTwice(dir: string): Promise<number> {
  const reader = await openStore(dir, { mode: 'read' })
  try {
    const ids = reader.readRunRecords(RUN_ID).map(({ core }) => core.spanId)
    return ids.length - new Set(ids).size
  } finally {
    await reader.close()
  }
}

export function cutFiles(dir: string): number {
  try {
    return readdirSync(join(dir, 'cut')).length
  } catch {
    return 0
  }
}
