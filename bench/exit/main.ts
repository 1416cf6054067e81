import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, printTable } from '../rounds.ts'

const ENDINGS = ['return', 'exitCode', 'exit', 'throw', 'rejection', 'SIGTERM', 'SIGINT'] as const
type Ending = (typeof ENDINGS)[number]
const STEPS = 200
/** What the issue of a program's end allows, beside what the same program takes without Reprise. */
const ALLOWED_MILLIS = 2_000

interface End {
  /** From the last line of the program to its end. */
  readonly millis: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

async function runProgram(ending: Ending, endpoint: string, store: string, bare: boolean): Promise<End> {
  const file = fileURLToPath(new URL('./program.ts', import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, file, ending, String(STEPS), bare ? 'bare' : 'recorded'], {
    env: { PATH: process.env['PATH'] ?? '', REPRISE_ENDPOINT: endpoint, REPRISE_STORE: store },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let since = 0
  child.stdout.once('data', () => {
    since = performance.now()
    if (ending === 'SIGTERM' || ending === 'SIGINT') child.kill(ending)
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { millis: performance.now() - since, code, signal }
}

/** A server that accepts connections and says nothing, ever. */
async function startMute(): Promise<Server> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function closedPort(): Promise<number> {
  const server = await startMute()
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** How long the end of a program takes where nobody takes what it recorded. */
export async function benchExit(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-exit-'))
  const mute = await startMute()
  const endpoints = {
    'nobody listens': `http://127.0.0.1:${await closedPort()}`,
    'never answers': `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    // Reserved for documentation (RFC 5737): packets to it get lost, or are refused by the first router.
    'black hole': 'http://192.0.2.1:4318',
  }
  console.log(`\nexit: ${STEPS} steps recorded, then the end; milliseconds from the last line to the end of the process, ${rounds} rounds`)
  const rows: string[][] = []
  let worst = 0
  let changed = 0
  try {
    for (const ending of ENDINGS) {
      const bare: number[] = []
      const by = new Map<string, number[]>(Object.keys(endpoints).map((name) => [name, []]))
      for (let round = 0; round < rounds; round++) {
        const without = await runProgram(ending, 'http://127.0.0.1:9', folder, true)
        bare.push(without.millis)
        for (const [name, endpoint] of Object.entries(endpoints)) {
          const store = mkdtempSync(join(folder, 'store-'))
          const end = await runProgram(ending, endpoint, store, false)
          if (end.code !== without.code || end.signal !== without.signal) changed++
          by.get(name)?.push(end.millis)
          worst = Math.max(worst, end.millis - without.millis)
        }
      }
      const cell = (values: readonly number[]): string => `${median(values).toFixed(0)} (max ${Math.max(...values).toFixed(0)})`
      rows.push([ending, cell(bare), ...[...by.values()].map(cell)])
    }
  } finally {
    mute.close()
    rmSync(folder, { recursive: true, force: true })
  }
  printTable(['ending', 'without reprise', ...Object.keys(endpoints)], rows)
  console.log(
    `receipt ${JSON.stringify({ name: 'exit', node: process.version, cores: availableParallelism(), rounds, endings: ENDINGS.length, worstDelayMillis: Math.round(worst), allowedMillis: ALLOWED_MILLIS, changedEnds: changed })}`,
  )
}
