import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { interleave, median, printTable, runScript } from '../rounds.ts'
import type { LoadResult } from './load.ts'

type ServerResult = LoadResult & { cpuMicrosPerSpan: number; rssMiB: number; rssDeltaMiB: number }

const TICKS_PER_SECOND = 100

function statusOf(pid: number): { cpuMicros: number; rssMiB: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { cpuMicros: ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6, rssMiB: Number(rss) / 1024 }
}

async function load(kind: string, bodies: number, spans: number, connections: number, salt: string): Promise<ServerResult> {
  const store = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  const server = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('./server.ts', import.meta.url)), kind, store], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
    // A warm-up of its own, so that the compiler's work is not billed to the spans.
    await runScript<LoadResult>(new URL('./load.ts', import.meta.url), [line.trim(), '16', '500', '2', `warm${salt}`])
    const before = statusOf(server.pid!)
    const result = await runScript<LoadResult>(new URL('./load.ts', import.meta.url), [
      line.trim(),
      String(bodies),
      String(spans),
      String(connections),
      salt,
    ])
    const after = statusOf(server.pid!)
    return {
      ...result,
      cpuMicrosPerSpan: (after.cpuMicros - before.cpuMicros) / (bodies * spans),
      rssMiB: after.rssMiB,
      rssDeltaMiB: after.rssMiB - before.rssMiB,
    }
  } finally {
    server.kill('SIGTERM')
    if (server.exitCode === null) await once(server, 'close')
    rmSync(store, { recursive: true, force: true })
  }
}

/** Ingest of unique GenAI spans of about 2 KiB, redaction on, acknowledged after fdatasync; beside a sink that does nothing. */
export async function benchIngest(rounds: number): Promise<void> {
  for (const [title, bodies, spans, connections] of [
    ['500-span bodies, 4 connections', 80, 500, 4],
    ['20-span bodies, 4 connections', 500, 20, 4],
  ] as const) {
    let round = 0
    const results = await interleave(['sink', 'collector'], rounds, (kind) => load(kind, bodies, spans, connections, `${spans}-${round++}`))
    const of = (kind: string, key: keyof ServerResult): number => median(results.get(kind)!.map((result) => result[key]))
    console.log(
      `\ningest, ${title}, ${bodies * spans} spans of ${(of('collector', 'bytes') / (bodies * spans)).toFixed(0)} B, ${rounds} rounds (medians)`,
    )
    printTable(
      ['', 'spans/s', 'ratio to sink', 'server CPU µs/span', 'ack p50 ms', 'p99 ms', 'RSS MiB', 'delta', 'refused'],
      ['sink', 'collector'].map((kind) => [
        kind,
        of(kind, 'spansPerSecond').toFixed(0),
        (of(kind, 'spansPerSecond') / of('sink', 'spansPerSecond')).toFixed(2),
        of(kind, 'cpuMicrosPerSpan').toFixed(1),
        of(kind, 'ackMillisP50').toFixed(1),
        of(kind, 'ackMillisP99').toFixed(1),
        of(kind, 'rssMiB').toFixed(0),
        of(kind, 'rssDeltaMiB').toFixed(0),
        of(kind, 'refused').toFixed(0),
      ]),
    )
  }
}
