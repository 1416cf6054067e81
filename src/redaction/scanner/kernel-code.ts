/**
 * The inner loop of the scanner as WebAssembly with fixed-width vectors (W3C core specification 2.0, section 5), put together here: to
 * step an automaton is two loads and two additions, and JavaScript checks the bounds of each of its three look-ups besides, and keeps
 * fewer lanes in registers.
 */

/** Stretches of a text that are followed side by side. */
export const LANES = 6

/** Where things lie in the memory, in bytes. */
export const PLACES: { readonly states: number; readonly classes: number; readonly text: number } = {
  /** By lane, its state as a 32-bit number. */
  states: 0,
  /** By unit, its class. */
  classes: 0x400,
  text: 0x400 + 0x10000,
}

const OP = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  getLocal: 0x20,
  setLocal: 0x21,
  teeLocal: 0x22,
  load: 0x28,
  loadByte: 0x2d,
  loadPair: 0x2f,
  store: 0x36,
  constant: 0x41,
  isZero: 0x45,
  lessUnsigned: 0x49,
  countTrailingZeros: 0x68,
  add: 0x6a,
  subtract: 0x6b,
  multiply: 0x6c,
  and: 0x71,
  or: 0x72,
  shiftLeft: 0x74,
  shiftRight: 0x76,
} as const
const I32 = 0x7f
const V128 = 0x7b
const EMPTY_BLOCK = 0x40

/** LEB128 without a sign (section 5.2.2). */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}
/** The same with one, for constants, which none here has. */
const signed = (value: number): number[] => {
  const bytes = unsigned(value)
  const last = bytes.pop() ?? 0
  return last < 0x40 ? [...bytes, last] : [...bytes, last | 0x80, 0]
}
const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content]
const name = (text: string): number[] => [...unsigned(text.length), ...Buffer.from(text)]
const get = (local: number): number[] => [OP.getLocal, local]
const set = (local: number): number[] => [OP.setLocal, local]
const constant = (value: number): number[] => [OP.constant, ...signed(value)]
/** `alignment` is the exponent of two. */
const access = (op: number, alignment: number, offset: number): number[] => [op, alignment, ...unsigned(offset)]

/**
 * `(at, end, apart) => at`, in bytes of the text: follows the lanes, the first from `at` and each further one `apart` behind the one
 * before, until the first is at `end` or any of them has come to a cell of at least `stopAt`. Gives where the first one is then.
 */
function follow(unitBytes: 1 | 2, tableAt: number, stopAt: number): number[] {
  const [at, end, apart] = [0, 1, 2]
  const stateOf = (lane: number): number => 3 + lane
  const offsetOf = (lane: number): number => 2 + LANES + lane
  const lanes = Array.from({ length: LANES }, (_, lane) => lane)
  const begin = lanes.flatMap((lane) => [
    ...constant(PLACES.states),
    ...access(OP.load, 2, 4 * lane),
    ...set(stateOf(lane)),
    ...(lane === 0 ? [] : [...get(apart), ...constant(lane), OP.multiply, ...set(offsetOf(lane))]),
  ])
  const step = lanes.flatMap((lane) => [
    ...get(at),
    ...(lane === 0 ? [] : [...get(offsetOf(lane)), OP.add]),
    ...access(unitBytes === 2 ? OP.loadPair : OP.loadByte, unitBytes - 1, PLACES.text),
    ...access(OP.loadByte, 0, PLACES.classes),
    ...get(stateOf(lane)),
    OP.add,
    ...constant(2),
    OP.shiftLeft,
    ...access(OP.load, 2, tableAt),
    OP.teeLocal,
    stateOf(lane),
    ...(lane === 0 ? [] : [OP.or]),
  ])
  const goOn = [
    ...constant(stopAt),
    OP.lessUnsigned,
    ...get(at),
    ...constant(unitBytes),
    OP.add,
    OP.teeLocal,
    at,
    ...get(end),
    OP.lessUnsigned,
  ]
  const keep = lanes.flatMap((lane) => [...constant(PLACES.states), ...get(stateOf(lane)), ...access(OP.store, 2, 4 * lane)])
  const locals = [1, ...unsigned(2 * LANES - 1), I32]
  return [...locals, ...begin, OP.loop, EMPTY_BLOCK, ...step, ...goOn, OP.and, OP.branchIf, 0, OP.end, ...keep, ...get(at), OP.end]
}

/** Of fixed-width vectors (section 5.4.7), behind 0xfd. */
const VECTOR = { load: 0, splat: 15, less: 0x26, or: 0x50, bitmask: 0x64, narrow: 0x66, subtract: 0x71 } as const
const vector = (op: number): number[] => [0xfd, ...unsigned(op)]
const VECTOR_BYTES = 16

/**
 * `(at, end) => at`, in bytes of the text: where the next sixteen ASCII letters and digits in a row begin; not before `end` where there
 * are none. Units are narrowed to bytes, in which all beyond 255 are 255 or 0. Keeps a bit for each of the last 32 units. May read
 * beyond the end.
 */
function findRow(unitBytes: 1 | 2): number[] {
  const [at, end, bits, row, units, firstConstant] = [0, 1, 2, 3, 4, 5]
  const constants = [0x30, 10, 0x20, 0x61, 26]
  const [zero = 0, ten = 0, lower = 0, a = 0, alphabet = 0] = constants.map((_, index) => firstConstant + index)
  const begin = constants.flatMap((value, index) => [...constant(value), ...vector(VECTOR.splat), ...set(firstConstant + index)])
  const loadFrom = (offset: number): number[] => [...get(at), ...vector(VECTOR.load), 0, ...unsigned(PLACES.text + offset)]
  const load = unitBytes === 1 ? loadFrom(0) : [...loadFrom(0), ...loadFrom(VECTOR_BYTES), ...vector(VECTOR.narrow)]
  const isDigit = [OP.teeLocal, units, ...get(zero), ...vector(VECTOR.subtract), ...get(ten), ...vector(VECTOR.less)]
  const inLowerCase = [...get(units), ...get(lower), ...vector(VECTOR.or)]
  const isLetter = [...inLowerCase, ...get(a), ...vector(VECTOR.subtract), ...get(alphabet), ...vector(VECTOR.less)]
  const areWords = [...isDigit, ...isLetter, ...vector(VECTOR.or), ...vector(VECTOR.bitmask)]
  const shiftedBy = (count: number): number[] => [...constant(count), OP.shiftRight]
  const keep = [...constant(VECTOR_BYTES), OP.shiftLeft, ...get(bits), ...shiftedBy(VECTOR_BYTES), OP.or, OP.teeLocal, bits]
  // A bit of `row` stays where it and the fifteen above it were set.
  const inRow = [1, 2, 4, 8].flatMap((count) => [OP.teeLocal, row, ...get(row), ...shiftedBy(count), OP.and])
  const step = [...get(at), ...constant(VECTOR_BYTES * unitBytes), OP.add, OP.teeLocal, at, ...get(end), OP.lessUnsigned]
  const body = [...load, ...areWords, ...keep, ...inRow, OP.teeLocal, row, OP.isZero, ...step, OP.and, OP.branchIf, 0]
  // Of no bits, 32 are counted: as far as it came.
  const begins = [...get(row), OP.countTrailingZeros, ...constant(2 * VECTOR_BYTES), OP.subtract, ...constant(unitBytes), OP.multiply]
  const locals = [2, 2, I32, 1 + constants.length, V128]
  return [...locals, ...begin, OP.loop, EMPTY_BLOCK, ...body, OP.end, ...get(at), ...begins, OP.add, OP.end]
}

/** A module that takes the memory `kernel.memory` of as many pages and gives what the names of `EXPORTS` say. */
export function kernelCode(tableAt: number, stopAt: number, pages: number): Uint8Array<ArrayBuffer> {
  const bodies = [follow(2, tableAt, stopAt), follow(1, tableAt, stopAt), findRow(2), findRow(1)]
  const types = [
    [0x60, ...list([[I32], [I32], [I32]]), ...list([[I32]])],
    [0x60, ...list([[I32], [I32]]), ...list([[I32]])],
  ]
  return Uint8Array.from([
    ...Buffer.from('\0asm'),
    ...[1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...name('kernel'), ...name('memory'), 2, 0, ...unsigned(pages)]])),
    ...section(3, list([[0], [0], [1], [1]])),
    ...section(7, list(EXPORTS.map((each, index) => [...name(each), 0, index]))),
    ...section(10, list(bodies.map((body) => [...unsigned(body.length), ...body]))),
  ])
}

const EXPORTS = ['followUnits', 'followBytes', 'rowOfUnits', 'rowOfBytes'] as const
