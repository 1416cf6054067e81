import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openStore, type PreparedBlob, type PreparedRecord } from '../../../src/store/index.ts'
import { prepareRaw } from './raw-record.ts'

// Appends numbered records with payloads until it is killed, and prints each number once it is acknowledged.
const [dir = '', first = '0'] = process.argv.slice(2)
const store = await openStore(dir, { mode: 'write', startedBy: 'crash writer', segmentRollBytes: 40_000, seal: true })
let next = Number(first)

async function appendForEver(): Promise<void> {
  for (;;) {
    const records: PreparedRecord[] = []
    const blobs: PreparedBlob[] = []
    const numbers: number[] = []
    for (let count = 1 + Math.floor(Math.random() * 5); count > 0; count--) {
      const number = next++
      const size = Math.random() < 0.05 ? 1_100_000 : 1 + Math.floor(Math.random() * 3000)
      const prepared = prepareRaw(number, randomBytes(size))
      records.push(prepared.record)
      blobs.push(prepared.blob)
      numbers.push(number)
    }
    await store.append({ records, blobs })
    writeSync(1, `${numbers.join('\n')}\n`)
  }
}

await Promise.all([appendForEver(), appendForEver(), appendForEver()])
