import type { ResultShape, StreamEnd } from '../../schemas/index.ts'

/**
 * Where the result of one wrapped call is told. Each method may be called at any time and never throws: what goes wrong
 * while something is recorded is counted, and is not the program's business.
 */
export interface Outcome {
  /** A result, a chunk or the end of a stream is handed to the program at this very moment. */
  delivered(): void
  /** The call ended with a value. */
  settle(value: unknown, shape: ResultShape): void
  /** The call threw or rejected. */
  fail(error: unknown, shape: ResultShape): void
  /** The call gave a stream; its end comes later. */
  openStream(shape: ResultShape): void
  chunk(value: unknown): void
  /** What a generator returned beside its chunks, told before its end. */
  generatorReturned(value: unknown): void
  /** The first end told is the one that counts. */
  endStream(end: StreamEnd, error?: unknown): void
  /** Runs `fn` as part of the call: what it calls stands under this step. */
  within<T>(fn: () => T): T
}
