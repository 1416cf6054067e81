import { workerData } from 'node:worker_threads'
import { layoutOf } from '../files/layout.ts'
import { Tape } from '../tape/tape.ts'
import { LineScanner } from './line-scanner.ts'
import { buffersOf, RowBatchWriter } from './row-batch.ts'
import { DONE, MADE, type ScanData, TAKEN, UNWANTED } from './scan-counters.ts'

// The entry of the thread that reads ahead while an index is made anew (scan-ahead.ts starts it).

/** Batches that may wait to be taken, of some 200 KB: so many come while the other thread ends a transaction. */
const AHEAD_MAX = 32
const BATCH_LINES = 1024

const { dir, head, port, counters } = workerData as ScanData
const tape = new Tape(layoutOf(dir), 0)
tape.setHead(head)
const scanner = new LineScanner()
const writer = new RowBatchWriter(0)

function isWanted(): boolean {
  return Atomics.load(counters, UNWANTED) === 0
}

function send(): void {
  for (let taken = Atomics.load(counters, TAKEN); Atomics.load(counters, MADE) - taken >= AHEAD_MAX && isWanted(); ) {
    Atomics.wait(counters, TAKEN, taken)
    taken = Atomics.load(counters, TAKEN)
  }
  const batch = writer.take()
  port.postMessage(batch, buffersOf(batch))
  Atomics.add(counters, MADE, 1)
  Atomics.notify(counters, MADE)
}

function takeLine(content: Buffer, start: number, end: number): void {
  try {
    const row = scanner.read(content, start, end)
    if (row?.type === 'step') {
      writer.addStep(row)
      return
    }
  } catch {
    // Whoever makes the index finds out what it is.
  }
  writer.addOther(new Uint8Array(content.subarray(start, end)))
}

function takeGroup(group: number): void {
  let read: { content: Buffer; starts: readonly number[] }
  try {
    read = tape.readContent(group)
  } catch {
    // Damaged, or a passing trouble of this thread's: whoever makes the index looks itself.
    writer.addUnread()
    return
  }
  const { content, starts } = read
  for (let line = 0; line + 1 < starts.length; line++) takeLine(content, starts[line] ?? 0, (starts[line + 1] ?? 0) - 1)
  writer.endGroup(starts.length - 1)
}

for (let group = 0; group <= head.group && isWanted(); group++) {
  takeGroup(group)
  if (writer.lines >= BATCH_LINES) send()
}
send()
Atomics.store(counters, DONE, 1)
// Changed once more, for somebody who waits for the next one.
Atomics.add(counters, MADE, 1)
Atomics.notify(counters, MADE)
tape.close()
port.close()
