import type { StepRows } from './step-rows.ts'

/** All lines of a group, as whoever wrote it knew them. */
export interface OfferedRows {
  readonly group: number
  readonly rows: readonly StepRows[]
  readonly bytes: number
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

  /** The rows of a group, once; those of groups before it are let go of. */
  take(group: number): OfferedRows | undefined {
    for (let offered = this.#groups[this.#first]; offered !== undefined && offered.group <= group; offered = this.#groups[this.#first]) {
      this.#first++
      this.#bytes -= offered.bytes
      this.#onDone(offered.bytes)
      if (offered.group === group) return offered
    }
    return undefined
  }

  clear(): void {
    for (const { bytes } of this.#groups.slice(this.#first)) this.#onDone(bytes)
    this.#groups = []
    this.#first = 0
    this.#bytes = 0
  }
}
