import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { startCollector } from 'reprise/collector'
import { addressPayload, openStore } from '../../src/store/index.ts'
import { printTable } from '../rounds.ts'
import { type ChatKind, chatRequests, Dice, prose } from './chats.ts'

const TURNS = 20
const TOGETHER = 8

interface Sent {
  readonly requests: number
  readonly jsonBytes: number
  readonly gzipBytes: number
}

async function send(kind: ChatKind, chats: number, store: string): Promise<Sent> {
  const collector = await startCollector({ store, port: 0, log: () => undefined })
  let requests = 0
  let jsonBytes = 0
  let gzipBytes = 0
  try {
    for (const body of chatRequests(kind, chats, TURNS, TOGETHER)) {
      const response = await fetch(`${collector.url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      const answer = (await response.json()) as { partialSuccess?: { rejectedSpans?: unknown } }
      if (response.status !== 200 || answer.partialSuccess?.rejectedSpans)
        throw new Error(`refused: ${response.status} ${JSON.stringify(answer)}`)
      requests++
      jsonBytes += Buffer.byteLength(body)
      gzipBytes += gzipSync(body).length
    }
  } finally {
    await collector.close()
  }
  return { requests, jsonBytes, gzipBytes }
}

/** Closes what is being written, as if it were full, and seals it all. */
async function sealAll(dir: string): Promise<{ cpuMillis: number; fromBytes: number; records: number }> {
  const store = await openStore(dir, { mode: 'write', segmentRollBytes: 1 })
  try {
    const { digest, blobs } = addressPayload('the last one', 'text/plain')
    const core = JSON.stringify({ count: 1, namespace: 'local', reason: 'end of the bench', schema: 'reprise.gap/1' })
    await store.append({ records: [{ core, line: `{"core":${core},"refs":[]}` }], blobs })
    const cpu = process.cpuUsage()
    const { fromBytes, problem } = await store.seal()
    const { user, system } = process.cpuUsage(cpu)
    const check = await store.checkStore()
    if (problem !== undefined || check.problemCount > 0 || !store.blobs.has(digest))
      throw new Error(problem ?? JSON.stringify(check.problems[0]))
    return { cpuMillis: (user + system) / 1000, fromBytes, records: check.records }
  } finally {
    await store.close()
  }
}

function bytesIn(folder: string, end: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** What agent chats of 20 turns take on the disk once they are sealed, beside gzip of the very requests that brought them. */
export async function benchStore(): Promise<void> {
  const sample = Buffer.from(prose(new Dice('sample'), 300_000))
  console.log(
    `\nstore: chats of ${TURNS} turns, ${TOGETHER} at a time; their prose alone compresses ${(sample.length / gzipSync(sample).length).toFixed(2)} to 1 with gzip`,
  )
  const rows: string[][] = []
  for (const [kind, chats] of [
    ['agent', 200],
    ['plain', 200],
  ] as const) {
    const dir = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
    try {
      const { requests, jsonBytes, gzipBytes } = await send(kind, chats, dir)
      const rawBytes = bytesIn(join(dir, 'segments'), '.zst') + bytesIn(join(dir, 'blobs'), '')
      const { cpuMillis, fromBytes, records } = await sealAll(dir)
      const segments = bytesIn(join(dir, 'segments'), '.zst')
      const packs = bytesIn(join(dir, 'blobs'), '.zst')
      const places = bytesIn(join(dir, 'blobs'), '.idx')
      const per = (bytes: number): string => (bytes / jsonBytes).toFixed(4)
      rows.push([
        `${kind}, ${chats} chats, ${records} records`,
        (jsonBytes / 1e6).toFixed(1),
        (jsonBytes / requests / 1e3).toFixed(0),
        per(gzipBytes),
        per(rawBytes),
        per(segments),
        per(packs),
        per(places),
        per(segments + packs + places),
        per(bytesIn(dir, 'index.db')),
        (fromBytes / 1e3 / cpuMillis).toFixed(0),
      ])
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  printTable(
    [
      'bytes per byte of OTLP JSON',
      'JSON MB',
      'KB a request',
      'gzip of each request',
      'unsealed',
      'segments',
      'packs',
      'side files',
      'sealed',
      'index',
      'sealing MB/s of CPU',
    ],
    rows,
  )
}
