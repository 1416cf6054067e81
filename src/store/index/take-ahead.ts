import { setImmediate as nextTurn } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import type { Tape } from '../tape/tape.ts'
import type { IndexWriter } from './index-writer.ts'
import { RowBatchReader } from './row-batch.ts'
import { ScanAhead } from './scan-ahead.ts'
import { digestBefore } from './tape-match.ts'

/** Nobody waits for a loop that makes everything anew; the longer a transaction, the fewer times a run is written. */
export const REINDEX_SLICE_MILLIS = 400

/**
 * Puts a tape from its beginning into an empty index, together with a thread that reads ahead, as long as `isWanted`. Ends where
 * that thread ends, which may be before the head of the tape.
 */
export async function takeAhead(tape: Tape, writer: IndexWriter, isWanted: () => boolean, onSlice: () => void): Promise<void> {
  const ahead = new ScanAhead(tape.dir, tape.head())
  const rows = new RowBatchReader()
  try {
    for (let more = true; more && isWanted(); ) {
      more = takeSlice(tape, writer, ahead, rows)
      onSlice()
      await nextTurn()
    }
  } finally {
    await ahead.close()
  }
}

/** One transaction of what was read ahead; false at its end. */
function takeSlice(tape: Tape, writer: IndexWriter, ahead: ScanAhead, rows: RowBatchReader): boolean {
  const deadline = performance.now() + REINDEX_SLICE_MILLIS
  let { group } = writer.place
  let batch: ReturnType<ScanAhead['next']>
  writer.begin()
  for (batch = ahead.next(deadline); typeof batch === 'object'; batch = ahead.next(deadline)) {
    rows.read(batch, {
      step: (of, line, row) => writer.addStep(of, line, row),
      other: (of, line, bytes) => writer.add(of, line, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length),
      unread: (of) => takeGroup(tape, writer, of),
    })
    group = batch.endGroup
    if (performance.now() >= deadline) break
  }
  writer.commit({ group, line: 0 }, digestBefore(tape, group))
  return batch !== 'ended'
}

/** One that the other thread could not read. */
function takeGroup(tape: Tape, writer: IndexWriter, group: number): void {
  let read: ReturnType<Tape['readContent']>
  try {
    read = tape.readContent(group)
  } catch (error) {
    // A damaged group is passed over and the rest served; `checkStore` names it.
    if (RepriseError.isInstance(error) && error.code === 'integrity') return
    throw error
  }
  const { content, starts } = read
  for (let line = 0; line + 1 < starts.length; line++) writer.add(group, line, content, starts[line] ?? 0, (starts[line + 1] ?? 0) - 1)
}
