import type { Cut } from '../schemas/index.ts'
import { takeSnapshot } from './snapshot.ts'

/** The snapshot of a call's arguments that recording keeps, at this moment. Never throws. */
export function captureArguments(args: readonly unknown[]): unknown[] {
  const { value } = takeSnapshot([...args])
  return Array.isArray(value) ? value : [value]
}

/** The snapshot of one value that recording keeps, with what its bounds cut. Never throws. */
export function captureValue(value: unknown): { value: unknown; cuts: Cut[] } {
  const { value: captured, cuts } = takeSnapshot(value)
  return { value: captured, cuts: (cuts ?? []).map(({ reason, count }) => ({ what: 'value', reason, count })) }
}
