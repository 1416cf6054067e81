import type { StepRows } from './step-rows.ts'

/** All lines of a group, as whoever wrote it knew them. */
export interface OfferedRows {
  readonly group: number
  readonly rows: readonly StepRows[]
  readonly bytes: number
}

/** Rows of groups to come, which then need not be read from the tape. */
export class OfferedGroups {
  readonly #groups = new Map<number, OfferedRows>()
  readonly #onDone: (bytes: number) => void

  /** `onDone` is told how many bytes are taken or let go of. */
  constructor(onDone: (bytes: number) => void) {
    this.#onDone = onDone
  }

  /** Groups come in their order. */
  add(offered: readonly OfferedRows[]): void {
    for (const each of offered) this.#groups.set(each.group, each)
  }

  /** The rows of a group, once; those of groups before it are let go of. */
  take(group: number): OfferedRows | undefined {
    for (const [number, offered] of this.#groups) {
      if (number > group) return undefined
      this.#groups.delete(number)
      this.#onDone(offered.bytes)
      if (number === group) return offered
    }
    return undefined
  }

  clear(): void {
    for (const { bytes } of this.#groups.values()) this.#onDone(bytes)
    this.#groups.clear()
  }
}
