import { hash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { AHEAD, type AheadOrder, FREE, PART_BLOBS, type PartRead } from './ahead-order.ts'

// The entry of the thread that reads blobs ahead (blobs-ahead.ts starts it). Loads nothing else, so that it starts at once.

/** Larger ones are few, and read by who wants them. */
const BLOB_MAX_BYTES = 64 * 1024
const NAME_LENGTH = 64

const { folder, names, sizes, claims } = workerData as AheadOrder

for (let part = claims.length - 1; part >= 0; part--) {
  // Whoever goes the other way has come as far as this.
  if (Atomics.compareExchange(claims, part, FREE, AHEAD) !== FREE) break
  const read = readPart(part)
  parentPort?.postMessage(read, [read.bytes.buffer])
}

function readPart(part: number): PartRead {
  const first = part * PART_BLOBS
  const count = Math.min(PART_BLOBS, sizes.length - first)
  const isRead = new Uint8Array(count)
  let room = 1
  for (let index = 0; index < count; index++) room += Math.min(sizes[first + index] as number, BLOB_MAX_BYTES)
  const bytes = new Uint8Array(room)
  let end = 0
  for (let index = 0; index < count; index++) {
    const size = sizes[first + index] as number
    if (size > BLOB_MAX_BYTES) continue
    const name = names.slice((first + index) * NAME_LENGTH, (first + index + 1) * NAME_LENGTH)
    if (!isThere(name, bytes, end, size)) continue
    isRead[index] = 1
    end += size
  }
  return { part, bytes, isRead }
}

/** Reads a file of exactly that size, whose digest is its name. */
function isThere(name: string, bytes: Uint8Array, start: number, size: number): boolean {
  let descriptor: number
  try {
    descriptor = openSync(`${folder}/${name}`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return false
  }
  try {
    // There is room for one byte more: a file that is longer shows.
    if (readSync(descriptor, bytes, start, size + 1, null) !== size) return false
    return hash('sha256', bytes.subarray(start, start + size), 'hex') === name
  } catch {
    return false
  } finally {
    closeSync(descriptor)
  }
}
