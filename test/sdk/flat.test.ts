import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeValue } from '../../src/schemas/index.ts'
import { JsonBytes } from '../../src/sdk/export/json-bytes.ts'
import { openJsonMemory, PlainMemory } from '../../src/sdk/export/json-memory.ts'
import { PayloadWriter, type WrittenText } from '../../src/sdk/export/payload.ts'
import { FlatCopier, treeOf } from '../../src/sdk/snapshot/flat.ts'
import { Copier, ListCopier, SNAPSHOT_LIMITS, type Snapshot, type SnapshotLimits, takeSnapshot } from '../../src/sdk/snapshot/snapshot.ts'

const flatOf = (value: object, limits: SnapshotLimits = SNAPSHOT_LIMITS) => new FlatCopier(limits).take(value)

/** As a snapshot that is a tree has it. */
function treeSnapshot(value: unknown) {
  const copier = new Copier(SNAPSHOT_LIMITS)
  return copier.result(copier.copyGuarded(value))
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', minLength: 30, maxLength: 60 }))
const key = fc.oneof(fc.constantFrom('1', 'a', '', 'constructor', 'toString', 'ключ'), fc.string({ unit: 'binary', maxLength: 40 }))
const { value: anyJson } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.oneof(
      text,
      fc.constantFrom('', '"', '\\', '\ud800', '\udfffx', 'é'.repeat(40)),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))
const anyContainer = fc
  .oneof(fc.array(anyJson, { maxLength: 6 }), fc.dictionary(key, anyJson, { maxKeys: 6 }))
  // JSON makes plain objects of them, and 0 of -0.
  .map((value) => JSON.parse(JSON.stringify(value)) as object)
  .filter((value) => !JSON.stringify(value).includes('__proto__'))

describe('plain JSON as one list', () => {
  test('is the same value, and counts the same, as a copied tree', () => {
    fc.assert(
      fc.property(anyContainer, (value) => {
        const copier = new FlatCopier(SNAPSHOT_LIMITS)
        const tokens = copier.take(value)
        const tree = treeSnapshot(value)
        if (tokens === undefined) throw new Error('not taken')
        expect(JSON.stringify(treeOf(tokens))).toBe(JSON.stringify(tree.value))
        expect({ sizeBytes: copier.sizeBytes, entries: copier.entries }).toEqual({ sizeBytes: tree.sizeBytes, entries: tree.entries })
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['wasm', openJsonMemory],
    ['plain memory', () => new PlainMemory()],
  ])('is written as JSON.stringify writes it (%s)', (_name, open) => {
    const bytes = new JsonBytes(open())
    const written = (value: object): string => {
      const { tokens, sizeBytes } = takeSnapshot(value)
      if (tokens === undefined) throw new Error('not taken')
      bytes.reset()
      const start = bytes.position
      bytes.tokens(tokens, sizeBytes)
      return Buffer.from(bytes.between(start, bytes.position)).toString()
    }
    fc.assert(
      fc.property(anyContainer, (value) => {
        expect(written(value)).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 },
    )
    // What takes most room for what it counts.
    for (const value of [
      ['\u0001'.repeat(60_000)],
      Array.from({ length: 200 }, () => Array.from({ length: 20 }, () => -1.2345678901234568e-300)),
      Array.from({ length: 1900 }, () => ({ '': -1.2345678901234568e-300 })),
      Array.from({ length: 1300 }, () => [[]]),
      Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [String(index), false])),
    ])
      expect(written(value)).toBe(JSON.stringify(value))
  })

  test('holds nothing that is done to the value later', () => {
    const value = { messages: [{ role: 'user', content: 'before' }] }
    const snapshot = takeSnapshot(value)
    value.messages[0] = { role: 'x', content: 'after' }
    value.messages.push({ role: 'y', content: 'after' })
    expect(snapshot.tokens).toBeDefined()
    expect(snapshot.value).toEqual({ messages: [{ role: 'user', content: 'before' }] })
    expect(snapshot.value).toBe(snapshot.value)
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = { cycle }
  const deep = (levels: number): object => (levels === 0 ? {} : { in: deep(levels - 1) })
  test.each<[string, object]>([
    ['an accessor', Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: () => 1 })],
    ['a setter alone', Object.defineProperty({ a: 1 }, 'b', { enumerable: true, set: () => {} })],
    ['a proxy', { in: new Proxy({ a: 1 }, {}) }],
    ['a proxy of an array', [new Proxy([1], {})]],
    ['a cycle', cycle],
    [
      'an instance',
      {
        at: new (class Point {
          x = 1
        })(),
      },
    ],
    ['a subclass of Array', [new (class List extends Array {})()]],
    ['no prototype', { in: Object.create(null) as object }],
    ['undefined', { a: undefined }],
    ['a hole', [1, , 2]],
    ['-0', [-0]],
    ['NaN', { a: Number.NaN }],
    ['an infinity', [Number.POSITIVE_INFINITY]],
    ['a function', { a: () => {} }],
    ['a symbol', [Symbol('s')]],
    ['a bigint', [1n]],
    ['a date', { at: new Date(0) }],
    ['bytes', [new Uint8Array(2)]],
    ['a tag', { $reprise: 'x' }],
    ['a key __proto__', JSON.parse('{"__proto__":1}') as object],
    ['great depth', deep(40)],
    ['an embedding', { data: [{ embedding: Array.from({ length: 64 }, (_, index) => index / 64) }] }],
    ['much text', { text: 'x'.repeat(70_000) }],
  ])('%s is left to the copier of trees', (_name, value) => {
    expect(flatOf(value)).toBeUndefined()
    const snapshot = takeSnapshot(value)
    expect(snapshot.tokens).toBeUndefined()
    expect(snapshot).toEqual({ ...treeSnapshot(value) })
  })

  test('so is what is over a bound', () => {
    expect(flatOf([1, 2, 3], { ...SNAPSHOT_LIMITS, maxEntries: 2 })).toBeUndefined()
    expect(flatOf({ a: 1, b: 2 }, { ...SNAPSHOT_LIMITS, maxEntries: 1 })).toBeUndefined()
    expect(flatOf({ a: 'x'.repeat(100) }, { ...SNAPSHOT_LIMITS, maxBytes: 64 })).toBeUndefined()
    expect(flatOf({ a: { b: {} } }, { ...SNAPSHOT_LIMITS, maxDepth: 2 })).toBeUndefined()
    expect(flatOf({ a: { b: 1 } }, { ...SNAPSHOT_LIMITS, maxDepth: 2 })).toBeDefined()
  })

  test('no accessor is run on the way', () => {
    let runs = 0
    const value = { list: [Object.defineProperty({}, 'b', { enumerable: true, get: () => runs++ })] }
    takeSnapshot(value)
    expect(runs).toBe(0)
  })

  test('nothing of a value is kept for the next', () => {
    const copier = new FlatCopier(SNAPSHOT_LIMITS)
    expect(treeOf(copier.take({ a: 'long', b: [1, 2, 3] }) ?? [])).toEqual({ a: 'long', b: [1, 2, 3] })
    expect(copier.take({ a: 'x', b: undefined })).toBeUndefined()
    expect(treeOf(copier.take({}) ?? [])).toEqual({})
    expect(JSON.stringify(copier)).not.toContain('long')
  })
})

describe('a list that grows', () => {
  /** What a copier of trees alone makes of the same elements. */
  function grownTree(elements: readonly unknown[], limits: SnapshotLimits): Snapshot {
    const copier = new Copier(limits)
    const values: unknown[] = []
    let full = false
    for (const element of elements) {
      if (full) copier.cut('bytes')
      else if (copier.admitEntry()) values.push(copier.copyGuarded(element))
      else full = true
    }
    return copier.result(values)
  }
  function grown(elements: readonly unknown[], limits: SnapshotLimits = SNAPSHOT_LIMITS): Snapshot {
    const list = new ListCopier(limits)
    for (const element of elements) list.add(element)
    return list.result()
  }
  const facts = ({ value, sizeBytes, entries, plain, json, cuts }: Snapshot) => ({ value, sizeBytes, entries, plain, json, cuts })

  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  const chunk = fc.oneof(
    { weight: 8, arbitrary: anyContainer },
    { weight: 4, arbitrary: anyJson },
    {
      weight: 1,
      arbitrary: fc.constantFrom<unknown>(undefined, -0, 1n, cyclic, new Date(0), { a: undefined }, Symbol('s'), new Uint8Array(3)),
    },
  )
  const bounds = fc.record({
    maxDepth: fc.constantFrom(2, 4, SNAPSHOT_LIMITS.maxDepth),
    maxEntries: fc.constantFrom(5, 50, SNAPSHOT_LIMITS.maxEntries),
    maxBytes: fc.constantFrom(100, 1000, SNAPSHOT_LIMITS.maxBytes),
  })

  test('is the same value, with the same cuts, as one that is copied as trees', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), bounds, (elements, limits) => {
        expect(facts(grown(elements, limits))).toEqual(facts(grownTree(elements, limits)))
      }),
      { numRuns: 500 },
    )
  })

  test.each([0, 1, 3, 5_000])('of %i elements is written as the codec writes it, in one go and in slices', async (count) => {
    const elements = Array.from({ length: count }, (_, index) => ({
      index,
      choices: [{ delta: { content: `word ${index} "é"` }, done: null }],
    }))
    const snapshot = grown(elements)
    expect(snapshot.runs).toBeDefined()
    const writer = new PayloadWriter(true)
    const textOf = (content: unknown): string => Buffer.from(writer.bytesOf(content as WrittenText)).toString('utf8')
    const expected = encodeValue(elements)
    expect(textOf(writer.write(snapshot).content)).toBe(expected.data)
    expect(writer.write(snapshot).mediaType).toBe(expected.mediaType)
    expect(textOf((await writer.writeInSlices(snapshot)).content)).toBe(expected.data)
  })

  test('nothing that is done to an element later reaches it', () => {
    const shared = { delta: { content: 'a' } }
    const list = new ListCopier(SNAPSHOT_LIMITS)
    for (const content of ['a', 'b', 'c']) {
      shared.delta.content = content
      list.add(shared)
    }
    shared.delta.content = 'later'
    expect(list.result().value).toEqual(['a', 'b', 'c'].map((content) => ({ delta: { content } })))
  })

  test('goes on as trees from the first element that is not plain JSON', () => {
    const elements = [{ a: 1 }, 'text', [1, { b: null }], { c: undefined }, { a: 2 }]
    const snapshot = grown(elements)
    expect(snapshot.runs).toBeUndefined()
    expect(snapshot.value).toStrictEqual(elements)
  })
})
