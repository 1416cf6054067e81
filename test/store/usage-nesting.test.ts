import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { appendSpans, hexOf, openForTest, RUN, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

const usage = (input: number | undefined, cost?: number): SpanSketch => ({
  attributes: {
    ...(input !== undefined && { 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.output_tokens': 2 * input }),
    ...(cost !== undefined && { 'gen_ai.usage.cost': cost }),
  },
})
const beneath = (index: number, above: number, more: SpanSketch): SpanSketch =>
  sketchOf(RUN, index, { parentSpanId: hexOf(16, RUN, above), ...more })

async function totalsOf(...batches: (readonly SpanSketch[])[]): Promise<unknown> {
  const dir = temporaryFolder({ inMemory: true })
  let store = await openForTest(dir)
  for (const batch of batches) {
    await appendSpans(store, ...batch)
    await store.index.catchUp()
    // What is known of the run is read again.
    await store.close()
    store = await openForTest(dir)
  }
  const run = store.index.readRun(RUN)
  const totals = { input: run?.inputTokens, output: run?.outputTokens, cost: run?.cost }
  await store.close()
  return totals
}

describe('tokens and cost that two instrumentations tell of one call, one beneath the other', () => {
  const outer = beneath(1, 0, { kind: 'model', ...usage(10, 0.5) })
  const inner = beneath(2, 1, { kind: 'model', ...usage(9, 0.25) })
  const root = sketchOf(RUN, 0)

  test.each([
    ['together', [[root, outer, inner]]],
    ['the inner one first', [[inner], [outer], [root]]],
    ['the outer one first', [[root], [outer], [inner]]],
    ['the outer one announced first', [[{ ...outer, pending: true as const, ...usage(undefined) }], [inner], [outer, root]]],
    [
      'again',
      [
        [inner, outer],
        [outer, inner],
        [root, inner],
      ],
    ],
  ])('are counted once: %s', async (_, batches) => {
    expect(await totalsOf(...batches)).toEqual({ input: 9, output: 18, cost: 0.25 })
  })

  test('embeddings beneath embeddings, too, but not beneath a model call', async () => {
    const embedding = { kind: 'embedding' as const }
    expect(await totalsOf([beneath(1, 0, { ...embedding, ...usage(5) }), beneath(2, 1, { ...embedding, ...usage(4) })])).toMatchObject({
      input: 4,
    })
    expect(await totalsOf([outer, beneath(2, 1, { ...embedding, ...usage(4) })])).toMatchObject({ input: 14 })
    expect(await totalsOf([beneath(1, 0, { kind: 'custom', ...usage(5) }), beneath(2, 1, { ...embedding, ...usage(4) })])).toMatchObject({
      input: 4,
    })
    expect(await totalsOf([beneath(1, 0, { kind: 'tool', ...usage(5) }), inner])).toMatchObject({ input: 9 })
  })

  test('a call that says nothing of it takes nothing away, nor does one that is its own parent', async () => {
    expect(await totalsOf([outer, beneath(2, 1, { kind: 'model' })])).toMatchObject({ input: 10 })
    expect(await totalsOf([beneath(1, 1, { kind: 'model', ...usage(10) })])).toMatchObject({ input: 10 })
  })
})

test('in any order and any cut, each call of a tree of calls is counted where nothing beneath it says the same', async () => {
  const told: Record<string, readonly string[]> = {
    model: ['model'],
    embedding: ['model', 'embedding'],
    tool: ['model', 'embedding', 'tool'],
    agent: [],
  }
  const call = fc.record({
    above: fc.nat(1000),
    kind: fc.constantFrom('model' as const, 'embedding' as const, 'tool' as const, 'agent' as const),
    input: fc.option(fc.nat(50), { nil: undefined }),
    key: fc.nat(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 20 }), async (calls, cut) => {
      const parents = calls.map(({ above }, at) => above % (at + 1))
      const expected = calls.reduce((sum, { kind, input }, at) => {
        const isTold = calls.some((other, index) => {
          const counts = other.input !== undefined && other.kind !== 'agent'
          return parents[index] === at + 1 && counts && told[kind]?.includes(other.kind)
        })
        return sum + (kind === 'agent' || isTold ? 0 : (input ?? 0))
      }, 0)
      const sketches = calls.map(({ kind, input, key }, at) => ({
        key,
        sketch: beneath(at + 1, parents[at] ?? 0, { kind, ...usage(input) }),
      }))
      const order = sketches.sort((left, right) => left.key - right.key).map(({ sketch }) => sketch)
      const batches = Array.from({ length: Math.ceil(order.length / cut) }, (_, at) => order.slice(at * cut, (at + 1) * cut))
      expect(await totalsOf(...batches)).toMatchObject({ input: expected })
    }),
    { numRuns: 25 },
  )
}, 60_000)

test('of a run with more such calls than are kept in memory', async () => {
  const count = 5_000
  const outer = Array.from({ length: count }, (_, at) => beneath(at + 1, 0, { kind: 'model', ...usage(3) }))
  const inner = Array.from({ length: count }, (_, at) => beneath(count + at + 1, at + 1, { kind: 'model', ...usage(2) }))
  expect(await totalsOf(inner, outer)).toMatchObject({ input: 2 * count })
  expect(await totalsOf(outer, inner)).toMatchObject({ input: 2 * count })
}, 60_000)
