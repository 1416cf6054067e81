import { expect, test } from 'vitest'
import { cursorText, listName, readCursor } from '../../src/store/index/cursor-text.ts'

const PLACE = [1_795_435_426_268_688_359n, -9_223_372_036_854_775_808n, 9379n]
const refused = expect.objectContaining({ code: 'invalid_argument', details: { key: 'cursor' } })

test('a cursor gives back its place', () => {
  expect(readCursor('runs', 3, cursorText('runs', PLACE))).toEqual(PLACE)
})

test('a cursor that was cut short, changed or made by hand is refused, as it would go on from another place', () => {
  const cursor = cursorText('runs', PLACE)
  for (let length = 0; length < cursor.length; length++) expect(() => readCursor('runs', 3, cursor.slice(0, length))).toThrow(refused)
  for (let at = 0; at < cursor.length - 1; at++) {
    const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`
    expect(() => readCursor('runs', 3, changed)).toThrow(refused)
  }
  expect(() => readCursor('runs', 3, Buffer.from('1 2 3').toString('base64url'))).toThrow(refused)
})

test('a cursor of another list is refused', () => {
  const cursor = cursorText(`steps ${'1'.repeat(32)}`, PLACE)
  for (const list of ['runs', 'steps', `steps ${'2'.repeat(32)}`]) expect(() => readCursor(list, 3, cursor)).toThrow(refused)
})

test('a list is the same one with its conditions in another order and another window of time, and no other', () => {
  const query = { limit: 10, status: 'error', tags: ['a', 'b'], namespace: 'local', fromNanos: '5' }
  const list = listName('runs', query)
  const cursor = cursorText(list, PLACE)
  const same = { namespace: 'local', tags: ['b', 'a'], status: 'error', limit: 3, cursor, fromNanos: '6', toNanos: '9' }
  expect(readCursor(listName('runs', same), 3, cursor)).toEqual(PLACE)
  const others = [{ status: 'ok' }, { tags: ['a'] }, { namespace: 'other' }, { costMin: 0 }, { name: 'x' }, { stepText: '\ud800' }]
  for (const other of others) expect(() => readCursor(listName('runs', { ...query, ...other }), 3, cursor)).toThrow(refused)
  expect(() => readCursor(listName('steps', query), 3, cursor)).toThrow(refused)
})
