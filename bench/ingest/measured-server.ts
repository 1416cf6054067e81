import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../src/store/index.ts'
import { runScript } from '../rounds.ts'
import type { LoadOptions, LoadResult } from './load.ts'

const TICKS_PER_SECOND = 100
const LOAD = new URL('./load.ts', import.meta.url)
/** The load shares the cores with what it measures: it collects its own garbage, and seldom. */
const LOAD_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=32']
const SERVER = fileURLToPath(new URL('./server.ts', import.meta.url))
const REPRISE = fileURLToPath(new URL('../../bin/reprise.js', import.meta.url))

/** What the collector says of its life. */
export type ServerReceipt = {
  accepted: number
  rejected: number
  refused: number
  requestsTurnedAway: Record<string, number>
  withheld: Record<string, number>
}

export type ServerKind = 'sink' | 'usual' | 'collector'

/** A server in a process of its own, with a folder of its own. */
export class MeasuredServer {
  readonly url: string
  readonly folder: string
  readonly #process: ChildProcess
  readonly #pid: number
  readonly #kind: ServerKind

  private constructor(process: ChildProcess, pid: number, url: string, folder: string, kind: ServerKind) {
    this.#process = process
    this.#pid = pid
    this.url = url
    this.folder = folder
    this.#kind = kind
  }

  static async start(kind: ServerKind): Promise<MeasuredServer> {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
    // The collector is the built one, as users run it.
    const args = {
      sink: [...process.execArgv, SERVER, 'sink'],
      usual: [...process.execArgv, SERVER, 'usual', folder],
      collector: [REPRISE, 'up', '--store', folder, '--port', '0', '--grpc-port', 'off', '--json', '--quiet'],
    }
    const child = spawn(process.execPath, args[kind], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    const url = kind === 'collector' ? (JSON.parse(line) as { url: string }).url : line.trim()
    return new MeasuredServer(child, child.pid ?? 0, url, folder, kind)
  }

  async load(options: Omit<LoadOptions, 'url'>): Promise<LoadResult> {
    return await runScript<LoadResult>(LOAD, [JSON.stringify({ url: this.url, ...options } satisfies LoadOptions)], LOAD_FLAGS)
  }

  cpuMicros(): number {
    const fields = readFileSync(`/proc/${this.#pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
  }

  /** Now, and the most there ever was. */
  rssMiB(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    const of = (key: string): number => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
    return { now: of('VmRSS'), most: of('VmHWM') }
  }

  /** Ends it. What a collector says it has kept, and what is in its store when that is opened anew. */
  async stop(): Promise<{ receipt: ServerReceipt; stored: number } | undefined> {
    try {
      const receipt = this.#kind === 'collector' ? await this.#receipt() : undefined
      this.#process.kill('SIGTERM')
      if (this.#process.exitCode === null) await once(this.#process, 'close')
      if (receipt === undefined) return undefined
      const store = await openStore(this.folder, { mode: 'read' })
      try {
        let stored = 0
        for await (const { lines } of store.tape.readGroups(0)) stored += lines.length
        return { receipt, stored }
      } finally {
        await store.close()
      }
    } finally {
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  async #receipt(): Promise<ServerReceipt> {
    const response = await fetch(`${this.url}/readyz`)
    return ((await response.json()) as { stats: ServerReceipt }).stats
  }
}
