import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Attributes, type AttributeValue, runSummarySchema, type SpanRecord, spanRecordSchema } from '../../src/schemas/public.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, prepareGap, RUN, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

describe('two records of one span', () => {
  const final = sketchOf(RUN, 1, {
    kind: 'model',
    attributes: { a: 1, 'gen_ai.usage.input_tokens': 5, 'gen_ai.request.model': 'm' },
    redactions: { email: 1 },
  })
  const pending: SpanSketch = { ...final, pending: true, attributes: { a: 0 }, redactions: { email: 1 } }
  const observed: SpanSketch = {
    ...withoutUndefined({ ...final, sequence: undefined as never }),
    fidelity: 'observed',
    startNanos: '1700000000000000123',
    attributes: { a: 2, b: 3, __proto__: 1, 'gen_ai.usage.input_tokens': 6, 'gen_ai.usage.output_tokens': 7 },
    events: [
      { name: 'theirs', timeNanos: '5', attributes: {} },
      { name: 'more', timeNanos: '6', attributes: {} },
    ],
    content: { '/attributes/gen_ai.prompt': '"p"', '/events/1/attributes/x': '"e"', input: '"theirs"' },
  }
  const orders: [string, SpanSketch[]][] = [
    ['pending, final', [pending, final]],
    ['final, pending', [final, pending]],
    ['pending, final, final', [pending, final, final]],
    ['final, final', [final, final]],
  ]

  async function shown(sketches: readonly SpanSketch[], each = false): Promise<{ steps: SpanRecord[]; store: Store }> {
    const store = await openForTest(temporaryFolder())
    await appendSpans(store, sketchOf(RUN, 0))
    if (each) for (const sketch of sketches) await appendSpans(store, sketch)
    else await appendSpans(store, ...sketches)
    await store.index.catchUp()
    return { steps: store.index.listSteps(RUN, { limit: 10 }).steps, store }
  }

  test.each(orders)('(%s) are one step, the final one', async (_, sketches) => {
    for (const each of [true, false]) {
      const { steps, store } = await shown(sketches, each)
      expect(steps.map(({ core }) => core.pending)).toEqual([undefined, undefined])
      expect(steps[1]?.core.attributes['a']).toBe(1)
      expect(store.index.readRun(RUN)).toMatchObject({
        steps: 2,
        stepsByKind: { run: 1, model: 1 },
        pending: 0,
        inputTokens: 5,
        redactions: 1,
        models: ['m'],
        fidelity: 'replayable',
      })
    }
  })

  test.each<[string, SpanSketch[]]>([
    ['ours, theirs', [final, observed]],
    ['theirs, ours', [observed, final]],
    ['theirs, pending ours, ours', [observed, pending, final]],
    ['pending ours, theirs, ours, theirs', [pending, observed, final, observed]],
  ])('(%s) are one step: ours, with what only theirs has', async (_, sketches) => {
    const { steps, store } = await shown(sketches)
    expect(steps).toHaveLength(2)
    const step = steps[1]
    expect(step?.core).toMatchObject({ fidelity: 'replayable', sequence: 1, startNanos: final.startNanos })
    expect(step?.core.attributes).toEqual({
      a: 1,
      'gen_ai.usage.input_tokens': 5,
      'gen_ai.request.model': 'm',
      b: 3,
      'gen_ai.usage.output_tokens': 7,
    })
    expect(step?.core.events.map(({ name }) => name)).toEqual(['theirs', 'more'])
    expect(step?.core.payloads.map(({ role }) => role)).toEqual(['/attributes/gen_ai.prompt', '/events/1/attributes/x'])
    expect(step?.refs.map(({ role }) => role)).toEqual(['/attributes/gen_ai.prompt', '/events/1/attributes/x'])
    spanRecordSchema.parse(step)
    expect(store.index.readRun(RUN)).toMatchObject({
      steps: 2,
      pending: 0,
      inputTokens: 5,
      outputTokens: 7,
      redactions: 1,
      models: ['m'],
      fidelity: 'replayable',
    })
  })

  test('pending ours and final theirs show theirs until ours comes', async () => {
    const { steps, store } = await shown([pending, observed])
    expect(steps[1]?.core).toMatchObject({ fidelity: 'observed', attributes: { a: 2 } })
    expect(store.index.readRun(RUN)).toMatchObject({ pending: 0 })
  })

  test('events of theirs stand after ours, with their payloads', async () => {
    const own = {
      ...final,
      events: [
        { name: 'own', timeNanos: '1', attributes: {} },
        { name: 'theirs', timeNanos: '5', attributes: {} },
      ],
    }
    const { steps } = await shown([own, observed])
    expect(steps[1]?.core.events.map(({ name }) => name)).toEqual(['own', 'theirs', 'more'])
    expect(steps[1]?.core.payloads.map(({ role }) => role)).toEqual(['/attributes/gen_ai.prompt', '/events/2/attributes/x'])
  })
})

describe('a run', () => {
  async function summaryOf(...batches: (readonly SpanSketch[])[]): Promise<unknown> {
    const store = await openForTest(temporaryFolder())
    for (const batch of batches) await appendSpans(store, ...batch)
    await store.index.catchUp()
    return store.index.readRun(RUN)
  }

  test('is told by its root, whenever that comes', async () => {
    const root = sketchOf(RUN, 0, { stepName: 'the root', status: { code: 'error' } })
    const nested = sketchOf(RUN, 2, { kind: 'run', stepName: 'nested' })
    const expected = {
      name: 'the root',
      status: 'error',
      rootSpanId: root.spanId,
      steps: 3,
      errors: 1,
      kind: 'run',
      startNanos: root.startNanos,
      endNanos: root.endNanos,
    }
    for (const order of [
      [root, nested],
      [nested, root],
    ])
      expect(await summaryOf([sketchOf(RUN, 1)], ...order.map((sketch) => [sketch]))).toMatchObject(expected)
  })

  test('whose root hangs under a foreign span has that root', async () => {
    const root = sketchOf(RUN, 0, { parentSpanId: hexOf(16, 'elsewhere'), traceId: hexOf(32, 'trace') })
    expect(await summaryOf([sketchOf(RUN, 1, { kind: 'run' }), root])).toMatchObject({
      rootSpanId: root.spanId,
      traceId: hexOf(32, 'trace'),
      status: 'ok',
    })
  })

  test('without an ended root is running', async () => {
    const root = sketchOf(RUN, 0)
    expect(await summaryOf([{ ...root, pending: true }, sketchOf(RUN, 1)])).toMatchObject({
      status: 'running',
      pending: 1,
      rootSpanId: root.spanId,
    })
    expect(await summaryOf([{ ...root, pending: true }])).not.toHaveProperty('endNanos')
    const unseen = await summaryOf([sketchOf(RUN, 1)])
    expect(unseen).toMatchObject({ status: 'running', name: 'step 1' })
    expect(unseen).not.toHaveProperty('rootSpanId')
    expect(await summaryOf([{ ...root, pending: true }], [root])).toMatchObject({ status: 'ok', pending: 0, endNanos: root.endNanos })
  })

  test('of a foreign trace is named by its root span; without one it is over when nothing is pending', async () => {
    const foreign = (index: number, more: SpanSketch = {}): SpanSketch =>
      withoutUndefined({ ...sketchOf(RUN, index), fidelity: 'observed' as const, sequence: undefined as never, ...more })
    expect(await summaryOf([foreign(1, { kind: 'model' }), foreign(0, { kind: 'custom', stepName: 'GET /' })])).toMatchObject({
      name: 'GET /',
      kind: 'custom',
      fidelity: 'observed',
      status: 'ok',
    })
    const fragment = await summaryOf([foreign(2, { status: { code: 'error' } }), foreign(1)])
    expect(fragment).toMatchObject({
      name: 'step 1',
      status: 'error',
      startNanos: sketchOf(RUN, 1).startNanos,
      endNanos: sketchOf(RUN, 2).endNanos,
    })
    expect(fragment).not.toHaveProperty('rootSpanId')
  })

  test('counts the tokens of calls, not again those of what contains them, and survives mad numbers', async () => {
    const usage = (input: AttributeValue, output: AttributeValue): Attributes => ({
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': output,
    })
    const summary = await summaryOf([
      sketchOf(RUN, 0, { attributes: usage(100, 100) }),
      sketchOf(RUN, 1, { kind: 'agent', attributes: usage(100, 100) }),
      sketchOf(RUN, 2, { kind: 'model', attributes: usage(1, { double: 2 }) }),
      sketchOf(RUN, 3, { kind: 'model', attributes: usage({ int: '99999999999999999999' }, -5) }),
      sketchOf(RUN, 4, { kind: 'embedding', attributes: usage('10', { double: 'NaN' }) }),
      sketchOf(RUN, 5, { kind: 'model', attributes: usage(2.5, 1) }),
    ])
    expect(runSummarySchema.parse(summary)).toMatchObject({ inputTokens: 1_000_000_000_003, outputTokens: 3 })
  })

  test('shows the gaps that are known of it, once it has a step', async () => {
    const store = await openForTest(temporaryFolder())
    await store.append({ records: [prepareGap({ runId: RUN, count: 3 }), prepareGap({ count: 4 })], blobs: [] })
    await store.index.catchUp()
    expect(store.index.listRuns({ limit: 5 }).runs).toEqual([])
    await appendSpans(store, sketchOf(RUN, 0))
    await store.index.catchUp()
    expect(store.index.readRun(RUN)).toMatchObject({ gaps: 3, steps: 1 })
    expect(store.readSummary()).toMatchObject({ gaps: 7, runs: 1, records: 3 })
  })

  test('starting in the year 1970 or 2554 is in its place', async () => {
    const store = await openForTest(temporaryFolder())
    const times = ['0', '999', '1700000000000000000', '9223372036854775807', '18446744073709551615']
    for (const [index, startNanos] of times.entries())
      await appendSpans(store, sketchOf(hexOf(32, index), 0, { startNanos, endNanos: startNanos }))
    await store.index.catchUp()
    expect(store.index.listRuns({ limit: 10 }).runs.map((run) => run.startNanos)).toEqual(times.toReversed())
    expect(store.index.listSteps(hexOf(32, 4), { limit: 1 }).steps[0]?.core.startNanos).toBe('18446744073709551615')
  })
})

describe('the list of runs', () => {
  test('is paged newest first, equal starts by id, nothing twice and nothing left out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat()), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        async (sketches, limit) => {
          const store = await openStore(temporaryFolder({ inMemory: true }), { mode: 'write' })
          const starts = new Map(sketches.map(([start, seed]) => [hexOf(32, seed), String(1000 + start)]))
          await appendSpans(store, ...[...starts].map(([id, startNanos]) => sketchOf(id, 0, { startNanos })))
          await store.index.catchUp()
          const seen: string[] = []
          let cursor: string | undefined
          do {
            const page = store.index.listRuns({ limit, ...(cursor !== undefined && { cursor }) })
            expect(page.runs.length).toBeLessThanOrEqual(limit)
            seen.push(...page.runs.map(({ id }) => id))
            cursor = page.next
          } while (cursor !== undefined)
          const expected = [...starts]
            .sort(([leftId, left], [rightId, right]) => Number(right) - Number(left) || (leftId < rightId ? 1 : -1))
            .map(([id]) => id)
          expect(seen).toEqual(expected)
          await store.close()
        },
      ),
      { numRuns: 25 },
    )
  })

  test('is filtered', async () => {
    const store = await openForTest(temporaryFolder())
    await appendSpans(
      store,
      sketchOf(hexOf(32, 1), 0, { stepName: 'Answer tickets' }),
      sketchOf(hexOf(32, 2), 0, { stepName: 'train', kind: 'training.run', status: { code: 'error' } }),
      sketchOf(hexOf(32, 3), 0, { stepName: '100% answer_s', namespace: 'other' }),
    )
    await store.index.catchUp()
    const ids = (query: Omit<Parameters<Store['index']['listRuns']>[0], 'limit'>): string[] =>
      store.index
        .listRuns({ limit: 10, ...query })
        .runs.map(({ id }) => id)
        .sort()
    const all = [1, 2, 3].map((seed) => hexOf(32, seed))
    expect(ids({})).toEqual([...all].sort())
    expect(ids({ nameContains: 'answer' })).toEqual([all[0], all[2]].sort())
    expect(ids({ nameContains: '%' })).toEqual([all[2]])
    expect(ids({ nameContains: '_s' })).toEqual([all[2]])
    expect(ids({ kind: 'training.run' })).toEqual([all[1]])
    expect(ids({ status: 'error' })).toEqual([all[1]])
    expect(ids({ status: 'no such status' })).toEqual([])
    expect(ids({ namespace: 'other' })).toEqual([all[2]])
    expect(ids({ namespace: 'nowhere' })).toEqual([])
    expect(store.index.readRun(all[2] ?? '', 'local')).toBeUndefined()
  })

  test('refuses limits and cursors that are none', async () => {
    const store = await openForTest(temporaryFolder())
    const refused = expect.objectContaining({ code: 'invalid_argument' })
    for (const limit of [0, -1, 1001, 1.5, Number.NaN]) {
      expect(() => store.index.listRuns({ limit })).toThrow(refused)
    }
    await appendSpans(store, sketchOf(RUN, 0))
    await store.index.catchUp()
    for (const cursor of ['', 'x', '1-2-3', "00000000000000000001-' OR 1 --"]) {
      expect(() => store.index.listRuns({ limit: 1, cursor })).toThrow(refused)
      expect(() => store.index.listSteps(RUN, { limit: 1, cursor })).toThrow(refused)
    }
  })
})
