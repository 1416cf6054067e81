import { STEP_KINDS, type StepKind } from '../../schemas/index.ts'

/** How much of a step has come from one side: our SDK, or a foreign exporter. */
export const STATE_NONE = 0
export const STATE_PENDING = 1
export const STATE_FINAL = 2

export const PENDING_FLAG = 1
export const ERROR_FLAG = 2
const OWN_SHIFT = 4
const OTHER_SHIFT = 16
const KIND_SHIFT = 64

const KIND_NUMBERS: ReadonlyMap<StepKind, number> = new Map(STEP_KINDS.map((kind, number) => [kind, number]))

export interface StepFlags {
  readonly kind: StepKind
  readonly pending: boolean
  readonly error: boolean
  readonly ownState: number
  readonly otherState: number
}

/** Bit 0 pending, 1 error, 2-3 state of our record, 4-5 of the foreign one, from 6 the kind. */
export function flagsOf(kind: StepKind, pending: boolean, error: boolean, ownState: number, otherState: number): number {
  return (
    (pending ? PENDING_FLAG : 0) +
    (error ? ERROR_FLAG : 0) +
    ownState * OWN_SHIFT +
    otherState * OTHER_SHIFT +
    (KIND_NUMBERS.get(kind) ?? 0) * KIND_SHIFT
  )
}

export function readFlags(flags: number): StepFlags {
  return {
    kind: STEP_KINDS[Math.floor(flags / KIND_SHIFT)] ?? 'custom',
    pending: (flags & PENDING_FLAG) !== 0,
    error: (flags & ERROR_FLAG) !== 0,
    ownState: Math.floor(flags / OWN_SHIFT) % 4,
    otherState: Math.floor(flags / OTHER_SHIFT) % 4,
  }
}

/** SQL that gives the kind number of a row's flags. */
export const KIND_OF_FLAGS: string = `(flags / ${KIND_SHIFT})`

/** A group has fewer lines than this, and a store fewer groups than 2^33. */
const LINES_PER_GROUP = 2 ** 20

/** Where a record stands on the tape, as one number. Tape order is number order. */
export function addressOf(group: number, line: number): number {
  return group * LINES_PER_GROUP + line
}

export function placeOf(address: number): { readonly group: number; readonly line: number } {
  return { group: Math.floor(address / LINES_PER_GROUP), line: address % LINES_PER_GROUP }
}
