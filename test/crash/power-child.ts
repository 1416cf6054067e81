import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openStore, type PreparedBlob, type PreparedRecord } from '../../src/store/index.ts'
import { prepareRaw } from '../store/support/raw-record.ts'

// Appends numbered records to a store, seals what it closes, and prints each number once it is acknowledged.
const [dir = '', first = '0'] = process.argv.slice(2)
const store = await openStore(dir, { mode: 'write', startedBy: 'power loop', segmentRollBytes: 200_000, seal: true })
let next = Number(first)

async function appendForEver(): Promise<void> {
  for (;;) {
    const records: PreparedRecord[] = []
    const blobs: PreparedBlob[] = []
    const numbers: number[] = []
    for (let count = 1 + Math.floor(Math.random() * 8); count > 0; count--) {
      const number = next++
      const size = Math.random() < 0.01 ? 1_100_000 : 1 + Math.floor(Math.random() * 2000)
      const { record, blob } = prepareRaw(number, Buffer.concat([Buffer.alloc(size, 120), randomBytes(16)]))
      records.push(record)
      blobs.push(blob)
      numbers.push(number)
    }
    await store.append({ records, blobs })
    writeSync(1, `${numbers.join('\n')}\n`)
  }
}

await Promise.all([appendForEver(), appendForEver()])
