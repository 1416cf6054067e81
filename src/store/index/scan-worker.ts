import { workerData } from 'node:worker_threads'
import { layoutOf } from '../files/layout.ts'
import { Tape } from '../tape/tape.ts'
import { LineScanner } from './line-scanner.ts'
import { RowEncoder } from './row-block.ts'
import { AHEAD_MAX_GROUPS, MADE, type ScanWorkerData, STOP, TAKEN } from './scan-ahead.ts'

// The entry of the thread that reads the tape ahead of the index (scan-ahead.ts starts it). Whoever takes what it makes waits
// for it without an event loop, and so does this.

const { dir, head, fromGroup, control, port } = workerData as ScanWorkerData
const tape = new Tape(layoutOf(dir), 0)
try {
  scan()
} catch {
  // A damaged group, or worse: who waits goes on without, and says what is wrong.
  Atomics.store(control, STOP, 1)
} finally {
  Atomics.notify(control, MADE)
  tape.close()
  port.close()
}

function scan(): void {
  tape.setHead(head)
  const scanner = new LineScanner()
  const encoder = new RowEncoder()
  for (let group = fromGroup; group <= head.group && Atomics.load(control, STOP) === 0; group++) {
    for (;;) {
      const taken = Atomics.load(control, TAKEN)
      if (group - fromGroup - taken < AHEAD_MAX_GROUPS || Atomics.load(control, STOP) !== 0) break
      Atomics.wait(control, TAKEN, taken)
    }
    const { content, starts } = tape.readContent(group)
    const block = encoder.encode(group, starts.length - 1, (line) => scanner.read(content, starts[line] ?? 0, (starts[line + 1] ?? 0) - 1))
    tape.release(group)
    port.postMessage(block, [block.numbers.buffer, block.integers.buffer, block.digests.buffer])
    Atomics.add(control, MADE, 1)
    Atomics.notify(control, MADE)
  }
}
