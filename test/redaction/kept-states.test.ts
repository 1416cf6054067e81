import { expect, test } from 'vitest'
import { KeptStates } from '../../src/redaction/scanner/kept-states.ts'
import type { Beginning, Subset } from '../../src/redaction/scanner/subsets.ts'

const beginning = (index: number): Beginning => ({ index, contexts: 0, places: new Int32Array(0), accepted: new Int32Array(0), next: [] })
const [one, other] = [beginning(1), beginning(2)] as const

/** Of a state that differs from each of the others. */
const made = (number: number): Subset => ({
  contexts: number % 128,
  beginning: one,
  second: other,
  places: Int32Array.from({ length: number % 7 }, (_, at) => number + at),
  accepted: Int32Array.from({ length: number % 3 }, (_, at) => number * 2 + at),
})

test('gives back what it was given, as it grows, and copies it', () => {
  const states = new KeptStates()
  for (let number = 0; number < 3000; number++) {
    const subset = made(number)
    expect(states.add(subset)).toBe(number)
    subset.places.fill(-1)
    subset.accepted.fill(-1)
  }
  expect(states.length).toBe(3000)
  for (let number = 0; number < 3000; number++) {
    expect(states.at(number)).toEqual(made(number))
    expect(states.is(number, made(number))).toBe(true)
  }
  states.clear()
  expect([states.length, states.add(made(9)), states.is(0, made(9))]).toEqual([0, 0, true])
})

test.each<[string, Partial<Subset>]>([
  ['contexts', { contexts: 3 }],
  ['what the last byte began', { beginning: other }],
  ['what the byte before it began', { second: one }],
  ['a place', { places: Int32Array.of(5, 7) }],
  ['a place more', { places: Int32Array.of(5, 6, 7) }],
  ['an anchor', { accepted: Int32Array.of(9) }],
  ['where the lists end', { places: Int32Array.of(5), accepted: Int32Array.of(6, 8) }],
])('a state is another one for %s', (_, change) => {
  const subset: Subset = { contexts: 2, beginning: one, second: other, places: Int32Array.of(5, 6), accepted: Int32Array.of(8) }
  const states = new KeptStates()
  states.add(made(1))
  const index = states.add(subset)
  expect(states.is(index, subset)).toBe(true)
  expect(states.is(index, { ...subset, ...change })).toBe(false)
})
