import type { MessagePort } from 'node:worker_threads'
import type { TapeHead } from '../types.ts'

/** What the thread that reads ahead is given. */
export interface ScanData {
  readonly dir: string
  readonly head: TapeHead
  readonly port: MessagePort
  readonly counters: Int32Array<SharedArrayBuffer>
}

/** Places of the counters: batches that were made, those that were taken, whether there will be no more, and whether no more are wanted. */
export const MADE = 0
export const TAKEN = 1
export const DONE = 2
export const UNWANTED = 3
export const COUNTERS = 4
