import type { IndexDatabase } from './database.ts'

type Range = [from: number, to: number]

/** More holes than this in one sender's numbers are not told apart: the last ones count as one. */
const RANGES_MAX = 1000
const CACHED_MAX = 10_000

interface Sender {
  readonly ranges: Range[]
  changed: boolean
}

/** Which of its numbered batches came from each sender, so that what did not come is seen as a hole. */
export class SenderTable {
  readonly #database: IndexDatabase
  readonly #senders = new Map<number, Sender>()

  constructor(database: IndexDatabase) {
    this.#database = database
  }

  /** `sender` is a name id. */
  see(sender: number, sequence: number): void {
    let state = this.#senders.get(sender)
    if (state === undefined) {
      state = { ranges: readRanges(this.#database, sender), changed: false }
      this.#senders.set(sender, state)
    }
    if (addNumber(state.ranges, sequence)) state.changed = true
  }

  save(): void {
    for (const [sender, state] of this.#senders) {
      if (!state.changed) continue
      this.#database.run(
        'INSERT INTO senders(sender, ranges) VALUES(?, ?) ON CONFLICT(sender) DO UPDATE SET ranges = excluded.ranges',
        sender,
        JSON.stringify(state.ranges),
      )
      state.changed = false
    }
    if (this.#senders.size > CACHED_MAX) this.#senders.clear()
  }
}

export function readRanges(database: IndexDatabase, sender: number): Range[] {
  const text = database.get('SELECT ranges FROM senders WHERE sender = ?', sender)?.['ranges']
  return typeof text === 'string' ? (JSON.parse(text) as Range[]) : []
}

/** Adds a number to closed, sorted, disjoint ranges; false when it was there. */
export function addNumber(ranges: Range[], number: number): boolean {
  const last = ranges.at(-1)
  if (last !== undefined && last[1] === number) return false
  if (last !== undefined && last[1] + 1 === number) {
    last[1] = number
    return true
  }
  // The first range that does not end before the number.
  let at = ranges.findIndex(([, to]) => to + 1 >= number)
  if (at < 0) at = ranges.length
  const range = ranges[at]
  if (range !== undefined && number >= range[0] && number <= range[1]) return false
  if (range !== undefined && number === range[1] + 1) {
    range[1] = number
    const next = ranges[at + 1]
    if (next !== undefined && next[0] === number + 1) {
      range[1] = next[1]
      ranges.splice(at + 1, 1)
    }
    return true
  }
  if (range !== undefined && number === range[0] - 1) range[0] = number
  else if (ranges.length < RANGES_MAX) ranges.splice(at, 0, [number, number])
  else if (last !== undefined && number > last[1]) last[1] = number
  else return false
  return true
}

/** The holes between the first number that can be and the last that came. */
export function holesOf(ranges: readonly Range[], first: number): Range[] {
  const holes: Range[] = []
  let next = first
  for (const [from, to] of ranges) {
    if (from > next) holes.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  return holes
}
