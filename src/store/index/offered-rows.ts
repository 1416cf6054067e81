import type { StepRows } from './step-rows.ts'

/** All lines of a group, as whoever wrote it knew them. */
export interface OfferedRows {
  readonly group: number
  readonly rows: readonly StepRows[]
  readonly bytes: number
}

/** Gives the memory of rows back that are done with, of which the collector of garbage sees little. */
export function releaseRows(rows: readonly StepRows[]): void {
  // All numbers of rows stand in one buffer.
  for (const { numbers } of rows) if (!numbers.buffer.detached) numbers.buffer.transfer(0)
}

/** Rows of groups to come, which then need not be read from the tape. */
export class OfferedGroups {
  /** Ascending. Those before `#first` are done with. */
  #groups: OfferedRows[] = []
  #first = 0
  #bytes = 0
  readonly #onDone: (bytes: number) => void

  /** `onDone` is told how many bytes are taken or let go of. */
  constructor(onDone: (bytes: number) => void) {
    this.#onDone = onDone
  }

  /** Of those that wait to be taken. */
  get bytes(): number {
    return this.#bytes
  }

  /** Groups come in their order. */
  add(offered: readonly OfferedRows[]): void {
    if (this.#first > 0) this.#groups = this.#groups.slice(this.#first)
    this.#first = 0
    this.#groups.push(...offered)
    for (const { bytes } of offered) this.#bytes += bytes
  }

  /** Gives the rows of a group to `use`, once, and lets go of them and of those of groups before it; false where there are none. */
  take(group: number, use: (rows: StepRows) => void): boolean {
    for (let offered = this.#groups[this.#first]; offered !== undefined && offered.group <= group; offered = this.#groups[this.#first]) {
      const { rows, bytes } = offered
      this.#first++
      this.#bytes -= bytes
      try {
        if (offered.group === group) {
          rows.forEach(use)
          return true
        }
      } finally {
        releaseRows(rows)
        this.#onDone(bytes)
      }
    }
    return false
  }

  clear(): void {
    for (const { rows, bytes } of this.#groups.slice(this.#first)) {
      releaseRows(rows)
      this.#onDone(bytes)
    }
    this.#groups = []
    this.#first = 0
    this.#bytes = 0
  }
}
