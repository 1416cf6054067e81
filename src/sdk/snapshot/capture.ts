import type { Cut } from '../../schemas/index.ts'
import { JsonBytes } from '../export/json-bytes.ts'
import { resolveRecorderOptions, snapshotLimitsOf } from '../recorder/options.ts'
import { runtime } from '../run/runtime.ts'
import type { Tokens } from './flat.ts'
import { SNAPSHOT_LIMITS, type Snapshot, type SnapshotLimits, takeSnapshot } from './snapshot.ts'

/** The bounds that recording has or would have: of the recorder, else of the environment. */
export function captureLimits(): SnapshotLimits {
  const { recorder } = runtime()
  return recorder?.limits ?? (fromEnvironment ??= readLimits())
}

let fromEnvironment: SnapshotLimits | undefined

function readLimits(): SnapshotLimits {
  try {
    return snapshotLimitsOf(resolveRecorderOptions({}))
  } catch {
    // Recording would say what is wrong, and be off.
    return SNAPSHOT_LIMITS
  }
}

/** The snapshot of a call's arguments that recording keeps, at this moment. Never throws. */
export function captureArguments(args: readonly unknown[]): unknown[] {
  return argumentsOf(takeSnapshot(args, captureLimits()))
}

/** The same, and its JSON text where that can be had without making the values. */
export interface CapturedArguments {
  readonly values: unknown[]
  /** The UTF-8 text that `encodeValue` gives of them: a view, valid until the next is asked for. */
  readonly json: Uint8Array | undefined
}

/** Never throws; nor do its getters. */
export function captureForComparison(args: readonly unknown[]): CapturedArguments {
  const snapshot = takeSnapshot(args, captureLimits())
  return {
    get values() {
      return argumentsOf(snapshot)
    },
    get json() {
      return jsonOfSnapshot(snapshot)
    },
  }
}

/** As `CapturedArguments` has it, of any value. */
export function jsonOfSnapshot(snapshot: Snapshot): Uint8Array | undefined {
  const { tokens, sizeBytes } = snapshot
  if (tokens !== undefined) return jsonBytesOf(tokens, sizeBytes)
  const { value } = snapshot
  return typeof value === 'string' && sizeBytes <= TEXT_MAX_BYTES ? jsonBytesOf([value], sizeBytes) : undefined
}

function argumentsOf({ value }: Snapshot): unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** Of a text by itself: the writer keeps the room that the largest took. */
const TEXT_MAX_BYTES = 64 * 1024

let writer: JsonBytes | undefined

function jsonBytesOf(tokens: Tokens, sizeBytes: number): Uint8Array {
  writer ??= new JsonBytes()
  writer.reset()
  const start = writer.position
  writer.tokens(tokens, sizeBytes)
  return writer.between(start, writer.position)
}

/** The snapshot of one value that recording keeps, with what its bounds cut. Never throws. */
export function captureValue(value: unknown): { value: unknown; cuts: Cut[] } {
  const { value: captured, cuts } = takeSnapshot(value, captureLimits())
  return { value: captured, cuts: (cuts ?? []).map(({ reason, count }) => ({ what: 'value', reason, count })) }
}
