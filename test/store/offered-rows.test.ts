import { rmSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { OfferedGroups, type OfferedRows } from '../../src/store/index/offered-rows.ts'
import { rowOfLine } from '../../src/store/index/record-row.ts'
import type { StepRows } from '../../src/store/index/step-rows.ts'
import { StepRowsWriter } from '../../src/store/index/step-rows-writer.ts'
import { FollowingIndex } from '../../src/store/index/store-index.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { answersOf, everyAnswer } from './support/answers.ts'
import { appendMade, group } from './support/made-records.ts'
import { openForTest, temporaryFolder } from './support/records.ts'

/** The rows of a group in so many parts; undefined where it has other records. */
function rowsOf(tape: Tape, number: number, parts: number): OfferedRows | undefined {
  const rows = tape.readGroup(number).map(rowOfLine)
  const size = Math.ceil(rows.length / parts)
  const lists = []
  for (let from = 0; from < rows.length; from += size) {
    const writer = new StepRowsWriter()
    for (const row of rows.slice(from, from + size)) {
      if (row?.type !== 'step') return undefined
      writer.addRow(row)
    }
    lists.push(structuredClone(writer.take()))
  }
  return { group: number, rows: lists, bytes: 1 }
}

test('an index that is told rows of some groups answers as one that reads them all, and does not read those again', async () => {
  let toldInAll = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(group, { minLength: 2, maxLength: 8 }),
      fc.oneof(fc.constant(255), fc.nat(255)),
      fc.integer({ min: 1, max: 3 }),
      async (groups, mask, parts) => {
        const dir = temporaryFolder({ inMemory: true })
        const store = await openForTest(dir)
        for (const records of groups) await appendMade(store, records)
        await store.index.catchUp()
        const wanted = everyAnswer(store)
        await store.close()
        const layout = layoutOf(dir)
        rmSync(layout.index)
        const tape = new Tape(layout)
        tape.setHead(tape.head())
        const offered = groups.flatMap((_, number) => ((mask >> number) & 1 ? (rowsOf(tape, number, parts) ?? []) : []))
        const read: number[] = []
        const readContent = tape.readContent.bind(tape)
        tape.readContent = (number) => {
          read.push(number)
          return readContent(number)
        }
        let done = 0
        const index = new FollowingIndex(layout.index, tape, { onOfferDone: (bytes) => void (done += bytes) })
        index.offer(offered)
        await index.catchUp()
        const told = new Set(offered.map((each) => each.group))
        expect(read).toEqual(groups.map((_, number) => number).filter((number) => !told.has(number)))
        expect(done).toBe(offered.length)
        toldInAll += done
        await index.close()
        tape.close()
        expect(await answersOf(dir)).toBe(wanted)
        rmSync(dir, { recursive: true, force: true })
      },
    ),
    { numRuns: 15 },
  )
  expect(toldInAll).toBeGreaterThan(0)
})

test('rows that were told before an index is made anew are not used: what they were made of may have been erased', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  const records = fc.sample(group, { numRuns: 20, seed: 3 }).map((all) => all.filter(({ type }) => type === 'span'))
  for (const some of records.filter(({ length }) => length > 0)) await appendMade(store, some)
  await store.index.catchUp()
  const wanted = everyAnswer(store)
  await store.close()
  const layout = layoutOf(dir)
  const tape = new Tape(layout)
  tape.setHead(tape.head())
  let done = 0
  const index = new FollowingIndex(layout.index, tape, { onOfferDone: (bytes) => void (done += bytes) })
  const wrong = rowsOf(tape, 1, 1)
  index.offer([0, 1, 2].map((number) => ({ group: number, rows: wrong?.rows ?? [], bytes: 10 })))
  await index.reindex()
  await index.close()
  tape.close()
  expect(done).toBe(30)
  expect(await answersOf(dir)).toBe(wanted)
})

test('rows are given once, in the order of groups, and those of groups that were passed by are let go of', () => {
  const done: number[] = []
  const given: number[] = []
  const groups = new OfferedGroups((bytes) => done.push(bytes))
  const made: StepRows[] = []
  const offer = (...numbers: number[]): void => {
    const offered = numbers.map((number) => ({ group: number, rows: [rowsOfNumber(number)], bytes: number }))
    made.push(...offered.flatMap(({ rows }) => rows))
    groups.add(offered)
  }
  const take = (group: number): boolean => groups.take(group, ({ numbers }) => given.push(numbers[0] ?? -1))
  /** Whose memory has been given back. */
  const released = (): boolean[] => made.map(({ numbers }) => numbers.buffer.detached)
  offer(3, 4, 7)
  expect(take(2)).toBe(false)
  expect(done).toEqual([])
  expect(take(4)).toBe(true)
  expect(given).toEqual([4])
  expect(done).toEqual([3, 4])
  expect(released()).toEqual([true, true, false])
  expect(take(4)).toBe(false)
  expect(take(6)).toBe(false)
  offer(8)
  groups.clear()
  expect(done).toEqual([3, 4, 7, 8])
  expect(released()).toEqual([true, true, true, true])
  expect(take(8)).toBe(false)
  expect(given).toEqual([4])
})

test('rows whose reader fails are done with all the same', () => {
  const done: number[] = []
  const groups = new OfferedGroups((bytes) => done.push(bytes))
  const rows = rowsOfNumber(5)
  groups.add([{ group: 5, rows: [rows], bytes: 5 }])
  expect(() =>
    groups.take(5, () => {
      throw new Error('no room')
    }),
  ).toThrow('no room')
  expect(done).toEqual([5])
  expect(rows.numbers.buffer.detached).toBe(true)
})

function rowsOfNumber(number: number): StepRows {
  return {
    numbers: Float64Array.of(number),
    integers: new BigInt64Array(0),
    digests: new Float64Array(0),
    texts: [],
    tags: [],
    resources: [],
  }
}
