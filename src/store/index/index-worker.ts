import { parentPort, workerData } from 'node:worker_threads'
import { RepriseError } from '../../schemas/index.ts'
import { closeAll } from '../files/close-all.ts'
import { diskWords } from '../files/disk-error.ts'
import { systemCodeOf } from '../files/durable.ts'
import { layoutOf } from '../files/layout.ts'
import { lowerThreadPriority } from '../files/thread-priority.ts'
import { Pace } from '../pace.ts'
import { Tape } from '../tape/tape.ts'
import type { TapeHead } from '../types.ts'
import type { FromIndexThread, IndexThreadData, ToIndexThread } from './index-thread.ts'
import { FollowingIndex } from './store-index.ts'
import { THREAD_PACE, THREAD_TIMES } from './thread-times.ts'

// The entry of the thread that keeps the index (index-thread.ts starts it). It reads the tape from the files, as far as
// it was told that they are durable.

/** Senders wait for the others. Not lower: where something else takes all cores, too, it still has to keep up. */
const NICER = 14

lowerThreadPriority(NICER)

function post(message: FromIndexThread): void {
  parentPort?.postMessage(message)
}

const { dir, head, doneBytes, asked } = workerData as IndexThreadData
const layout = layoutOf(dir)
// Each group is read once.
const tape = new Tape(layout, 0)
tape.setHead(head)
/** For the few records that came before: it keeps the groups that it has read last. */
let earlier = new Tape(layout)
const index = new FollowingIndex(layout.index, tape, {
  earlier: { readLine: (group, line) => earlier.readLine(group, line) },
  ...THREAD_TIMES,
  pace: new Pace({ ...THREAD_PACE, asked }),
  onAnew: () => post({ kind: 'anew' }),
  onOfferDone: (bytes) => void Atomics.add(doneBytes, 0, bytes),
})

/**
 * Looks how far the tape goes now. Where the files cannot be looked at (no descriptor is left), the head is known all the same,
 * and what is read next looks again.
 */
function lookAt(head: TapeHead): void {
  try {
    tape.setHead(head)
  } catch (error) {
    const reason = diskWords(systemCodeOf(error) ?? '') ?? String(error)
    throw new RepriseError('store_write_failed', `the index cannot look at the tape: ${reason}`, { cause: error, retryable: true })
  }
}

async function answer(message: Exclude<ToIndexThread, { kind: 'follow' }>): Promise<void> {
  const { id, kind } = message
  try {
    if (kind === 'close') {
      // What came since it was last told is taken as well.
      const look = (): void => lookAt(message.head)
      await closeAll([look, async () => await index.close(), () => tape.close(), () => earlier.close()])
    } else lookAt(message.head)
    if (kind === 'catchUp') await index.catchUp()
    else if (kind === 'reindex') {
      // What it keeps may have been erased.
      earlier.close()
      earlier = new Tape(layout)
      const result = await index.reindex((progress) => post({ kind: 'progress', id, progress }))
      post({ kind: 'done', id, result })
      return
    }
    post({ kind: 'done', id, problem: index.problem() })
  } catch (error) {
    const code = RepriseError.isInstance(error) ? error.code : 'internal'
    post({ kind: 'failed', id, code, message: error instanceof Error ? error.message : String(error) })
  }
}

parentPort?.on('message', (message: ToIndexThread) => {
  if (message.kind === 'follow') {
    try {
      lookAt(message.head)
    } catch {
      // Whoever asks next is told.
    }
    index.offer(message.offered)
    index.follow()
  } else void answer(message).then(() => message.kind === 'close' && parentPort?.close())
})
post({ kind: 'ready', problem: index.problem() })
