import { parseJson } from '../../schemas/index.ts'
import { type IndexDatabase, numberOf } from './database.ts'
import { COUNT_MAX } from './step-facts.ts'

/** Closed: both numbers belong to it. */
export type BatchRange = [from: number, to: number]

/** More holes than this in one sender's numbers are not told apart: the last ones count as one. */
const RANGES_MAX = 1000
const CACHED_MAX = 10_000
/** Number of a sender's first batch. */
const FIRST_BATCH = 0

/** Batches that a gap record says are lost. */
interface LostRange {
  readonly first: number
  last: number
  /** All of them came after all; else none did, since a range is split where one comes. */
  came: boolean
  readonly address: number
  changed: boolean
}

interface Sender {
  readonly ranges: BatchRange[]
  readonly lost: LostRange[]
  changed: boolean
}

/**
 * Which of its numbered batches came from each sender, so that what did not come is seen as a hole; and which holes are told
 * of by a gap record already. Senders are name ids.
 */
export class SenderTable {
  readonly #database: IndexDatabase
  readonly #senders = new Map<number, Sender>()

  constructor(database: IndexDatabase) {
    this.#database = database
  }

  /** A batch came. Returns whether it had been told to be lost. */
  see(sender: number, sequence: number): boolean {
    const state = this.#stateOf(sender)
    if (!addNumber(state.ranges, sequence)) return false
    state.changed = true
    if (state.lost.length === 0) return false
    const told = state.lost.find(({ first, last }) => first <= sequence && sequence <= last)
    if (told === undefined || told.came) return false
    const { address, last } = told
    if (sequence < last) state.lost.push({ first: sequence + 1, last, came: false, address, changed: true })
    if (sequence > told.first) {
      told.last = sequence - 1
      state.lost.push({ first: sequence, last: sequence, came: true, address, changed: true })
    } else {
      told.last = sequence
      told.came = true
    }
    told.changed = true
    return true
  }

  /** A gap record says that these batches never came. Returns how many of them that is news of. */
  tell(sender: number, from: number, to: number, address: number): number {
    const state = this.#stateOf(sender)
    const known = [...state.ranges, ...rangesOf(state.lost)].sort(([left], [right]) => left - right)
    let count = 0
    for (const [first, last] of holesBetween(known, from, to)) {
      state.lost.push({ first, last, came: false, address, changed: true })
      count += Math.min(last - first + 1, COUNT_MAX)
    }
    state.changed = true
    return count
  }

  #stateOf(sender: number): Sender {
    let state = this.#senders.get(sender)
    if (state === undefined) {
      const lost = readLost(this.#database, sender).map((range) => ({ ...range, changed: false }))
      state = { ranges: readRanges(this.#database, sender), lost, changed: false }
      this.#senders.set(sender, state)
    }
    return state
  }

  save(): void {
    for (const [sender, state] of this.#senders) {
      if (!state.changed) continue
      this.#database.run(
        'INSERT INTO senders(sender, ranges, holes) VALUES(?, ?, ?) ON CONFLICT(sender) DO UPDATE SET ranges = excluded.ranges, holes = excluded.holes',
        sender,
        JSON.stringify(state.ranges),
        untoldHoles(state.ranges, state.lost).length,
      )
      for (const range of state.lost) {
        if (!range.changed) continue
        const { first, last, came, address } = range
        this.#database.run(
          'INSERT OR REPLACE INTO lost_batches(sender, first, last, came, address) VALUES(?, ?, ?, ?, ?)',
          sender,
          first,
          last,
          came ? 1 : 0,
          address,
        )
        range.changed = false
      }
      state.changed = false
    }
    if (this.#senders.size > CACHED_MAX) this.#senders.clear()
  }
}

export function readRanges(database: IndexDatabase, sender: number): BatchRange[] {
  const text = database.get('SELECT ranges FROM senders WHERE sender = ?', sender)?.['ranges']
  return typeof text === 'string' ? (parseJson(text) as BatchRange[]) : []
}

export function readLost(database: IndexDatabase, sender: number): Omit<LostRange, 'changed'>[] {
  return database.all('SELECT first, last, came, address FROM lost_batches WHERE sender = ? ORDER BY first', sender).map((row) => ({
    first: numberOf(row, 'first'),
    last: numberOf(row, 'last'),
    came: numberOf(row, 'came') === 1,
    address: numberOf(row, 'address'),
  }))
}

export function rangesOf(lost: readonly Pick<LostRange, 'first' | 'last'>[]): BatchRange[] {
  return lost.map(({ first, last }) => [first, last])
}

/** Adds a number to closed, sorted, disjoint ranges; false when it was there. */
export function addNumber(ranges: BatchRange[], number: number): boolean {
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
export function holesOf(ranges: readonly BatchRange[]): BatchRange[] {
  const last = ranges.at(-1)
  return last === undefined ? [] : holesBetween(ranges, FIRST_BATCH, last[1])
}

/** Those that no gap record tells of. */
export function untoldHoles(ranges: readonly BatchRange[], lost: readonly Pick<LostRange, 'first' | 'last'>[]): BatchRange[] {
  const holes = holesOf(ranges)
  if (holes.length === 0 || lost.length === 0) return holes
  const told = rangesOf(lost).sort(([left], [right]) => left - right)
  return holes.flatMap(([from, to]) => holesBetween(told, from, to))
}

/** What of [from, to] is in none of the ranges, which are sorted. */
export function holesBetween(ranges: readonly BatchRange[], from: number, to: number): BatchRange[] {
  const holes: BatchRange[] = []
  let next = from
  for (const [first, last] of ranges) {
    if (last < next) continue
    if (first > to) break
    if (first > next) holes.push([next, first - 1])
    next = last + 1
  }
  if (next <= to) holes.push([next, to])
  return holes
}

/** Whether steps of a run that came in batches `first` to `last` may also have been in these: between them, or next to them. */
export function isNear(seen: { readonly first: number; readonly last: number }, from: number, to: number): boolean {
  return from <= seen.last + 1 && to >= seen.first - 1
}

/** The same for a range `lost` and what was `sent`, and how many batches the range counts as. */
export const NEAR_SQL = 'lost.first <= sent.last + 1 AND lost.last >= sent.first - 1'
export const LOST_COUNT_SQL: string = `min(lost.last - lost.first + 1, ${COUNT_MAX})`
