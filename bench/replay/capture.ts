import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startSink } from '../capture/sink.ts'
import { median, printTable, runScript } from '../rounds.ts'
import type { CaptureResult } from './capture-contender.ts'

const CLIENTS = ['fetch', 'undici', 'node:http'] as const

/** What recording HTTP exchanges adds to them: a client and a server on one machine, 4 KiB each way, the server in a process of its own. */
export async function benchWireCapture(rounds: number): Promise<void> {
  const sink = await startSink()
  const server = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('./model-server.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const url = await new Promise<string>((resolve, reject) => {
      server.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
      server.once('exit', () => reject(new Error('the server ended')))
    })
    console.log(`\nwire capture, blocks of 200 exchanges of 4 KiB each way, with and without in turn, ${rounds} rounds (medians)`)
    const rows: string[][] = []
    for (const client of CLIENTS) {
      const results: CaptureResult[] = []
      for (let round = 0; round < rounds; round++) {
        sink.reset()
        results.push(await runScript<CaptureResult>(new URL('./capture-contender.ts', import.meta.url), [client, url, sink.url]))
      }
      const of = (key: keyof CaptureResult): number => median(results.map((result) => result[key]))
      rows.push([client, of('bareMicros').toFixed(0), of('runMicros').toFixed(0), of('wireMicros').toFixed(0), of('ratio').toFixed(2)])
    }
    printTable(['', 'CPU µs/exchange outside of a run', 'in a run', 'recorded', 'ratio'], rows)
  } finally {
    server.kill()
    sink.close()
  }
}
