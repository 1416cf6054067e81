import { describe, expect, it } from 'vitest'
import { exitCodeOfVerdict } from '../../../src/cli/commands/replay.ts'
import { deliveryMillis } from '../../../src/replay/delivery/pacing.ts'
import { junitCase, type ReplayOptions, replay } from '../../../src/replay/index.ts'
import { resplit } from '../../../src/replay/serving/resplit.ts'
import { createRandom, instrument, model, tool } from '../../../src/sdk/index.ts'
import { expectExact, live } from '../expect-exact.ts'
import { RecordingBuilder } from '../recording-builder.ts'

const look = tool(async (_request: unknown): Promise<unknown> => live(), { name: 'look' })
const tokens = model((_request: unknown): AsyncIterable<unknown> => live(), { name: 'tokens' })

describe('pacing', () => {
  const twice = instrument(async () => [await look(1), await look(2)], { name: 'twice' })
  async function recorded() {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'twice', output: ['a', 'b'], end: 410 })
    builder.step(root, { kind: 'tool', name: 'look', args: [1], output: 'a', start: 0, end: 200 })
    builder.step(root, { kind: 'tool', name: 'look', args: [2], output: 'b', start: 201, end: 400 })
    return await builder.load()
  }

  it('holds results back until they came when recorded, and no longer, or to scale', async () => {
    const recording = await recorded()
    const took = async (options: ReplayOptions): Promise<number> => {
      const started = performance.now()
      expectExact(await replay(recording, twice, options))
      return performance.now() - started
    }
    // A lower bound holds on any machine.
    expect(await took({ pacing: 'recorded' })).toBeGreaterThanOrEqual(399)
    expect(await took({ pacing: 'scaled', scale: 0.5 })).toBeGreaterThanOrEqual(199)
    expect(await took({ pacing: 'scaled', scale: 2 })).toBeGreaterThanOrEqual(799)
    await took({ pacing: 'instant' })
  })

  it.each([
    [{ pacing: 'fast' }, 'pacing: expected instant, recorded or scaled, found fast'],
    [{ pacing: 'scaled' }, 'scale: expected a number above 0'],
    [{ pacing: 'scaled', scale: 0 }, 'scale: expected a number above 0'],
    [{ scale: 2 }, "scale is for pacing: 'scaled'"],
  ])('refuses %o', async (options: object, message) => {
    await expect(replay(await recorded(), twice, options as ReplayOptions)).rejects.toThrow(message)
  })

  it('takes chunks to have come evenly, as far as the order of deliveries allows', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'r', end: 100 })
    const stream = { kind: 'model', name: 'tokens', output: [1, 2, 3], shape: 'async-iterable', streamEnd: 'done' } as const
    builder.step(root, { ...stream, start: 0, end: 80, deliveries: [0, 2, 3, 2] })
    builder.step(root, { kind: 'tool', name: 'look', output: 1, start: 0, end: 30, deliveries: [2, 1] })
    const recording = await builder.load()
    const [, first, second] = recording.nodes
    if (first === undefined || second === undefined) throw new Error('no steps')
    const of = (number: number, node = first, ended = false) => ({ number, node, ended })
    const times = deliveryMillis(recording.root, [of(0), of(1), of(2, second, true), of(3), of(4, first, true)])
    expect([...times]).toEqual([
      [0, 20],
      [1, 30],
      [2, 30],
      [3, 60],
      [4, 80],
    ])
  })
})

describe('resplit', () => {
  const encoder = new TextEncoder()
  const texts = ['data: {"a":1}\n\nda', 'ta: {"é":"😀😀"}\n\n', 'data: [DONE]\n\n']

  it('keeps the text and cuts it elsewhere, the same for the same seed', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 50; seed++) {
      const cut = resplit(texts, createRandom(String(seed), 'x')) as string[]
      expect(cut.join('')).toBe(texts.join(''))
      expect(cut.every((piece) => piece !== '' && piece.isWellFormed())).toBe(true)
      expect(cut).toEqual(resplit(texts, createRandom(String(seed), 'x')))
      seen.add(JSON.stringify(cut))
    }
    expect(seen.size).toBeGreaterThan(40)
  })

  it('cuts bytes within characters too', () => {
    const chunks = texts.map((text) => encoder.encode(text))
    let broken = 0
    for (let seed = 0; seed < 50; seed++) {
      const cut = resplit(chunks, createRandom(String(seed), 'x')) as Uint8Array[]
      expect(Buffer.concat(cut).toString()).toBe(texts.join(''))
      if (cut.some((piece) => new TextDecoder().decode(piece).includes('\ufffd'))) broken++
    }
    expect(broken).toBeGreaterThan(5)
  })

  it('leaves alone what is no text', () => {
    const random = (): number => 0.5
    expect(resplit([], random)).toBeUndefined()
    expect(resplit(['', ''], random)).toBeUndefined()
    expect(resplit([{ delta: 'text' }], random)).toBeUndefined()
    expect(resplit(['text', encoder.encode('text')], random)).toBeUndefined()
    expect(resplit([Uint8Array.of(0xff, 0xfe)], random)).toBeUndefined()
  })

  it('shakes out a parser that relies on where chunks end, and only that', async () => {
    const lines = ['one\n', 'two\n', 'three\n']
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'reads', output: ['one', 'two', 'three'], end: 50 })
    const stream = { kind: 'model', name: 'tokens', args: ['x'], output: lines, shape: 'async-iterable', streamEnd: 'done' } as const
    builder.step(root, { ...stream, start: 0, end: 40, deliveries: [0, 4] })
    const recording = await builder.load()
    const careless = instrument(
      async () => {
        const found: string[] = []
        for await (const chunk of tokens('x')) found.push(String(chunk).trimEnd())
        return found
      },
      { name: 'reads' },
    )
    const careful = instrument(
      async () => {
        let text = ''
        for await (const chunk of tokens('x')) text += String(chunk)
        return text.trimEnd().split('\n')
      },
      { name: 'reads' },
    )
    expectExact(await replay(recording, careless))
    expectExact(await replay(recording, careful))
    let shaken = 0
    for (let seed = 0; seed < 10; seed++) {
      const verdict = await replay(recording, careful, { resplit: seed })
      expect(verdict).toMatchObject({ label: 'cached', output: { equal: true }, divergences: [], counts: { served: 1 } })
      // As was asked for: nothing that a command or a report would call a failure.
      expect(exitCodeOfVerdict(verdict)).toBe(0)
      expect(junitCase({ folder: 'one', name: 'reads', outcome: verdict }, 'one').result).toBe('passed')
      const shakenOut = await replay(recording, careless, { resplit: seed })
      if (shakenOut.label === 'diverged' && exitCodeOfVerdict(shakenOut) === 4) shaken++
    }
    expect(shaken).toBe(10)
  })
})
