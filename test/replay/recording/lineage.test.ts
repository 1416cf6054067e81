import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differencesOf } from '../../../src/replay/matching/differences.ts'
import { nearestTo } from '../../../src/replay/matching/nearest.ts'
import { groupKeyOf, lineageOf, requestDigestOf } from '../../../src/replay/recording/lineage.ts'
import { canonicalJson, encodeValue } from '../../../src/schemas/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('lineage', () => {
  it('is the sha256 of the canonical JSON of its parts', () => {
    const digest = 'd'.repeat(64)
    expect(lineageOf(undefined, 'run', 'answer', digest, 0)).toBe(sha256(`[null,"run","answer","${digest}",0]`))
    const parent = 'a'.repeat(64)
    expect(lineageOf(parent, 'chat', 'näme"', digest, 3)).toBe(sha256(`["${parent}","chat","näme\\"","${digest}",3]`))
  })

  it('depends on the request as a value: not on key order, not on the keys of tokens', () => {
    const digestFor = (value: unknown): string => requestDigestOf(encodeValue(value), false)
    expect(digestFor([{ a: 1, b: [2] }])).toBe(digestFor([{ b: [2], a: 1 }]))
    expect(digestFor(['<email:0123456789ab> <email:ba9876543210>'])).toBe(digestFor(['<email:111111111111> <email:222222222222>']))
    expect(digestFor(['<email:0123456789ab> <email:ba9876543210>'])).not.toBe(digestFor(['<email:111111111111> <email:111111111111>']))
    expect(digestFor([1])).toBe(sha256('[1]'))
    expect(digestFor([undefined])).not.toBe(digestFor([null]))
    expect(requestDigestOf(undefined, false)).not.toBe(digestFor([]))
  })

  it('counts equal calls under one parent alone', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'r' })
    const left = builder.step(root, { kind: 'agent', name: 'a', args: ['left'] })
    const right = builder.step(root, { kind: 'agent', name: 'a', args: ['right'] })
    for (const parent of [left, right, left]) builder.step(parent, { kind: 'tool', name: 't', args: [1] })
    builder.step(left, { kind: 'tool', name: 't', args: [2] })
    builder.step(left, { kind: 'model', name: 't', args: [1] })
    const { steps } = await builder.load()
    expect(steps.slice(3).map(({ occurrence }) => occurrence)).toEqual([0, 0, 1, 0, 0])
  })

  it('does not depend on ids and times', async () => {
    const build = (shift: number): RecordingBuilder => {
      const builder = new RecordingBuilder()
      const root = builder.step(undefined, { kind: 'run', name: 'r', args: ['x'], start: shift })
      builder.step(root, { kind: 'tool', name: 't', args: [1], start: shift + 3 })
      return builder
    }
    const later = build(5000)
    for (const record of later.records) {
      record.core.spanId = `f${record.core.spanId.slice(1)}`
      if (record.core.parentSpanId !== undefined) record.core.parentSpanId = `f${record.core.parentSpanId.slice(1)}`
    }
    const lineages = async (builder: RecordingBuilder): Promise<string[]> => (await builder.load()).steps.map(({ lineage }) => lineage)
    expect(await lineages(later)).toEqual(await lineages(build(0)))
  })

  it('has group keys that no two sets of parts share', () => {
    fc.assert(
      fc.property(fc.tuple(fc.string(), fc.string()), fc.tuple(fc.string(), fc.string()), ([op1, name1], [op2, name2]) => {
        const digest = '0'.repeat(64)
        expect(groupKeyOf(op1, name1, digest) === groupKeyOf(op2, name2, digest)).toBe(op1 === op2 && name1 === name2)
      }),
    )
    expect(groupKeyOf('a', '1:b', '')).not.toBe(groupKeyOf('a1', ':b', ''))
  })
})

describe('differences', () => {
  it('are none exactly between equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const [one, two] = [canonicalJson(left), canonicalJson(right)]
        expect(differencesOf(one, two).length === 0).toBe(one === two)
        expect(differencesOf(one, one)).toEqual([])
      }),
    )
  })

  it('name each field as a JSON pointer, missing sides left out', () => {
    expect(differencesOf('{"a/b":1,"c":[1,2],"d":{"~":true}}', '{"c":[1,3,4],"d":{"~":false},"e":null}')).toEqual([
      { path: '/a~1b', recorded: '1' },
      { path: '/c/1', recorded: '2', replayed: '3' },
      { path: '/c/2', replayed: '4' },
      { path: '/d/~0', recorded: 'true', replayed: 'false' },
      { path: '/e', replayed: 'null' },
    ])
    expect(differencesOf('[1]', '{"0":1}')).toEqual([{ path: '', recorded: '[1]', replayed: '{"0":1}' }])
    expect(differencesOf('{"__proto__":1}', '{}')).toEqual([{ path: '/__proto__', recorded: '1' }])
  })

  it('are bounded in number and in length, with the place of the first difference in view', () => {
    const long = 'x'.repeat(10_000)
    const [difference] = differencesOf(JSON.stringify(`${long}A${long}`), JSON.stringify(`${long}B${long}`))
    expect(difference?.recorded).toMatch(/^…x+Ax+…$/)
    expect(difference?.replayed).toMatch(/^…x+Bx+…$/)
    expect((difference?.recorded ?? '').length).toBeLessThan(200)
    const wide = (value: number): string => JSON.stringify(Array.from({ length: 1000 }, () => value))
    expect(differencesOf(wide(1), wide(2))).toHaveLength(20)
  })

  it('take deep values', () => {
    const deep = (leaf: string): string => `${'['.repeat(5000)}${leaf}${']'.repeat(5000)}`
    expect(differencesOf(deep('1'), deep('2'))).toHaveLength(1)
  })
})

describe('the nearest candidate', () => {
  it('has the same name and parent before anything else, then the fewest differing fields', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'r' })
    const other = builder.step(root, { kind: 'agent', name: 'a' })
    builder.step(other, { kind: 'model', name: 'chat', args: [{ q: 'exactly', n: 1 }] })
    builder.step(root, { kind: 'model', name: 'chat', args: [{ q: 'far', n: 2, m: 3 }] })
    builder.step(root, { kind: 'model', name: 'chat', args: [{ q: 'near', n: 1 }] })
    builder.step(root, { kind: 'tool', name: 'look', args: [{ q: 'exactly', n: 1 }] })
    const recording = await builder.load()
    const find = (name: string, text: string, used: number[] = []) =>
      nearestTo(
        {
          kind: 'model',
          operation: 'chat',
          name,
          parent: recording.root,
          requestDigest: requestDigestOf({ mediaType: 'application/json', data: text }, false),
          requestText: () => text,
        },
        recording.nodes,
        (node) => used.includes(node.record.core.sequence ?? -1),
        (node) => {
          const payload = recording.payloadOf(node.record, 'input')
          return payload.state === 'present' ? String(payload.data) : undefined
        },
      )
    expect(find('chat', '[{"q":"exactly","n":1}]')?.node.record.core.sequence).toBe(4)
    expect(find('chat', '[{"q":"exactly","n":1}]', [4])?.node.record.core.sequence).toBe(3)
    expect(find('renamed', '[{"q":"far","n":2,"m":3}]')?.node.record.core.sequence).toBe(3)
  })

  it('is none where nothing is alike', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'r' })
    builder.step(root, { kind: 'tool', name: 'look', args: [1] })
    const recording = await builder.load()
    const call = {
      kind: 'model',
      operation: 'chat',
      name: 'chat',
      parent: recording.root,
      requestDigest: '0'.repeat(64),
      requestText: () => '[]',
    } as const
    expect(
      nearestTo(
        call,
        recording.nodes,
        () => false,
        () => '[]',
      ),
    ).toBeUndefined()
  })
})
