import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Attributes,
  type AttributeValue,
  digestOf,
  runSummarySchema,
  type SpanRecord,
  STEP_KINDS,
  spanRecordSchema,
} from '../../src/schemas/public.ts'
import { editDistance } from '../../src/store/index/nearest.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, prepareGap, RUN, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

/** Everything that the index answers, as bytes. */
function everyAnswer(store: Store): string {
  const answers: unknown[] = []
  for (const query of [
    {},
    { kind: 'run' },
    { status: 'error' },
    { status: 'running' },
    { nameContains: 'ANSW' },
    { fidelity: 'observed' as const },
    { namespace: 'other' },
  ]) {
    let cursor: string | undefined
    do {
      const page = store.index.listRuns({ limit: 3, ...query, ...(cursor !== undefined && { cursor }) })
      answers.push(page)
      cursor = page.next
    } while (cursor !== undefined)
  }
  for (const { id, namespace } of store.index.listRuns({ limit: 1000 }).runs) {
    answers.push(store.index.readRun(id, namespace))
    let cursor: string | undefined
    do {
      const page = store.index.listSteps(id, { limit: 4, namespace, ...(cursor !== undefined && { cursor }) })
      answers.push(page)
      cursor = page.next
    } while (cursor !== undefined)
  }
  answers.push(
    store.index.findRunIds('', 1000),
    store.index.nearestRunIds('abcd', 10),
    store.index.artifactRefs(digestOf('"shared"')),
    store.readSummary().gaps,
  )
  return JSON.stringify(answers)
}

/** Runs of every sort: foreign, pending, failed, merged, resent, with gaps, in two namespaces. */
async function fillWithEverything(store: Store): Promise<void> {
  for (let run = 0; run < 12; run++) {
    const id = hexOf(32, 'everything', run)
    const sketches: SpanSketch[] = []
    for (let index = 0; index < 9; index++) {
      const kind = STEP_KINDS[(run + index) % STEP_KINDS.length] ?? 'custom'
      sketches.push(
        sketchOf(id, index, {
          ...(index > 0 && { kind }),
          namespace: run % 4 === 3 ? 'other' : 'local',
          fidelity: run % 3 === 2 || (run % 3 === 1 && index % 2 === 1) ? 'observed' : 'replayable',
          ...(index === 4 && { status: { code: 'error' as const, message: 'failed' } }),
          attributes: {
            'gen_ai.usage.input_tokens': index * 10,
            'gen_ai.usage.output_tokens': { double: index },
            'gen_ai.request.model': `model ${index % 3}`,
          },
          ...(index === 5 && { redactions: { email: 2, card: 1 } }),
          ...(index === 6 && run % 2 === 0 && { pending: true as const }),
          ...(index === 7 && { content: { input: '"shared"', output: `"${run}"` } }),
        }),
      )
    }
    // Children come first, the root last, as programs end.
    await appendSpans(store, ...sketches.slice(3).toReversed())
    await appendSpans(store, ...sketches.slice(0, 3), ...sketches.slice(2, 5))
    if (run % 5 !== 4) await appendSpans(store, { ...finalOf(sketches[6]), status: { code: 'error' } })
    await appendSpans(store, {
      ...sketches[1],
      fidelity: 'observed',
      attributes: { extra: 'seen by another', 'gen_ai.usage.input_tokens': 7 },
    })
    await store.append({ records: [prepareGap({ runId: id, count: run }), prepareGap({ count: 1 })], blobs: [] })
  }
}

function finalOf({ pending: _, ...sketch }: SpanSketch = {}): SpanSketch {
  return sketch
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

describe('an index', () => {
  test.each([false, true])(
    'made from the tape answers byte for byte as the one that followed it live (in a thread: %s)',
    async (indexThread) => {
      const dir = temporaryFolder()
      const store = await openForTest(dir, { segmentRollBytes: 20_000, indexThread })
      await fillWithEverything(store)
      await store.index.catchUp()
      const live = everyAnswer(store)
      expect(live.length).toBeGreaterThan(50_000)
      for (const run of store.index.listRuns({ limit: 1000 }).runs) runSummarySchema.parse(run)

      const progress: number[] = []
      const result = await store.reindex(({ group, groups }) => progress.push(group / groups))
      expect(result).toEqual({ groups: store.tape.head().group + 1, records: store.readSummary().records })
      expect(progress.at(-1)).toBe(1)
      expect(everyAnswer(store)).toBe(live)
      await store.close()

      rmSync(join(dir, 'index.db'))
      const reader = await openStore(dir, { mode: 'read' })
      expect(everyAnswer(reader)).toBe(live)
      await reader.close()
      expect(statSync(join(dir, 'index.db')).size).toBeGreaterThan(0)

      rmSync(join(dir, 'index.db'))
      const writer = await openForTest(dir)
      await writer.index.catchUp()
      expect(everyAnswer(writer)).toBe(live)
    },
  )

  test.each(['of another version', 'of other words', 'no database', 'cut', 'overwritten in the middle', 'of another tape'])(
    'that is %s is made anew',
    async (how) => {
      const dir = temporaryFolder()
      const store = await openForTest(dir)
      await fillWithEverything(store)
      await store.index.catchUp()
      const live = everyAnswer(store)
      await store.close()
      const path = join(dir, 'index.db')
      if (how === 'of another version' || how === 'of other words' || how === 'of another tape') {
        const database = new DatabaseSync(path)
        if (how === 'of another version') database.exec('PRAGMA user_version = 999')
        if (how === 'of other words') database.exec("UPDATE meta SET value = 'other' WHERE key = 'vocabulary'")
        if (how === 'of another tape') database.exec("UPDATE meta SET value = '00' WHERE key = 'digest'; DELETE FROM runs WHERE id > 3")
        database.close()
      }
      if (how === 'no database') writeFileSync(path, 'x'.repeat(100_000))
      if (how === 'cut') writeFileSync(path, readFileSync(path).subarray(0, 20_000))
      if (how === 'overwritten in the middle') {
        const bytes = readFileSync(path)
        for (let page = 2; page < bytes.length / 8192; page++) bytes.fill(0x5a, page * 8192, page * 8192 + 4000)
        writeFileSync(path, bytes)
      }
      const writer = await openForTest(dir)
      await writer.index.catchUp()
      let answers: string
      try {
        answers = everyAnswer(writer)
      } catch (error) {
        // Damage inside is met by a query, which says so and starts the rebuild.
        expect(error).toMatchObject({ code: 'integrity', retryable: true })
        await writer.index.catchUp()
        answers = everyAnswer(writer)
      }
      expect(answers).toBe(live)
    },
  )

  test('goes on where it was after a restart, and a reader sees what the writer has put there', async () => {
    const dir = temporaryFolder()
    let store = await openForTest(dir)
    for (let round = 0; round < 4; round++) {
      for (let index = 0; index < 5; index++) await appendSpans(store, sketchOf(hexOf(32, round), index))
      await store.index.catchUp()
      const reader = await openStore(dir, { mode: 'read' })
      expect(reader.index.listRuns({ limit: 10 }).runs).toHaveLength(round + 1)
      expect(reader.index.readRun(hexOf(32, round))?.steps).toBe(5)
      await reader.close()
      await store.close()
      store = await openForTest(dir)
    }
    expect(store.readSummary()).toMatchObject({ records: 20, runs: 4 })
  })

  test('that is missing while a writer works is replaced for a reader by one in memory', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0), sketchOf(RUN, 1))
    await store.index.catchUp()
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dir, `index.db${suffix}`), { force: true })
    const reader = await openStore(dir, { mode: 'read' })
    expect(reader.index.readRun(RUN)?.steps).toBe(2)
    await appendSpans(store, sketchOf(RUN, 2))
    await reader.index.catchUp()
    expect(reader.index.readRun(RUN)?.steps).toBe(3)
    await reader.close()
  })
})

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
    expect(ids({ name: '%' })).toEqual([all[2]])
    expect(ids({ name: '_s' })).toEqual([all[2]])
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

test('steps are listed in call order, those without a number after them by time, page by page', async () => {
  const store = await openForTest(temporaryFolder())
  const own = Array.from({ length: 7 }, (_, index) => sketchOf(RUN, index, { startNanos: String(2000 - index) }))
  const foreign = [30, 10, 20].map((start) =>
    withoutUndefined({ ...sketchOf(RUN, start), fidelity: 'observed' as const, sequence: undefined as never, startNanos: String(start) }),
  )
  await appendSpans(store, ...foreign, ...own.toReversed())
  await store.index.catchUp()
  const expected = [...own.map(({ spanId }) => spanId), ...[10, 20, 30].map((index) => hexOf(16, RUN, index))]
  for (const limit of [1, 3, 10, 11]) {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = store.index.listSteps(RUN, { limit, ...(cursor !== undefined && { cursor }) })
      seen.push(...page.steps.map(({ core }) => core.spanId))
      cursor = page.next
    } while (cursor !== undefined)
    expect(seen).toEqual(expected)
  }
  expect(store.readRunRecords(RUN).map(({ core }) => core.spanId)).toEqual(expected)
  expect(store.index.listSteps(hexOf(32, 'none'), { limit: 5 })).toEqual({ steps: [] })
  expect(store.readRunRecords(hexOf(32, 'none'))).toEqual([])
})

test('runs are found by the beginning of their id, and the nearest ones named', async () => {
  const store = await openForTest(temporaryFolder())
  const ids = ['a'.repeat(32), `ab${'c'.repeat(30)}`, `ab${'d'.repeat(30)}`, 'f'.repeat(32)]
  for (const id of ids) await appendSpans(store, sketchOf(id, 0))
  await store.index.catchUp()
  expect(store.index.findRunIds('ab', 10)).toEqual([ids[1], ids[2]])
  expect(store.index.findRunIds('', 2)).toEqual([ids[0], ids[1]])
  expect(store.index.findRunIds('b', 10)).toEqual([])
  expect(store.index.findRunIds("a' OR '1", 10)).toEqual([])
  expect(store.index.nearestRunIds(`ab${'c'.repeat(29)}d`, 1)).toEqual([ids[1]])
  expect(store.index.nearestRunIds('fffe', 2)).toEqual([ids[3], expect.any(String)])
  expect(store.index.nearestRunIds('abdd', 1)).toEqual([ids[2]])
  expect(store.index.nearestRunIds('', 10)).toHaveLength(4)
})

test('the uses of an artifact are found, in tape order', async () => {
  const store = await openForTest(temporaryFolder())
  await appendSpans(store, sketchOf(RUN, 0, { content: { input: '"one"', output: '"two"' } }))
  await appendSpans(store, sketchOf(RUN, 1), sketchOf(RUN, 2, { content: { output: '"one"' } }))
  await store.index.catchUp()
  const artifact = { schema: 'reprise.artifact/1', digest: digestOf('"one"'), sizeBytes: 5, mediaType: 'application/json' }
  expect(store.index.artifactRefs(digestOf('"one"'))).toEqual([
    { namespace: 'local', runId: RUN, spanId: hexOf(16, RUN, 0), group: 0, line: 0, artifact: { ...artifact, role: 'input' } },
    { namespace: 'local', runId: RUN, spanId: hexOf(16, RUN, 2), group: 1, line: 1, artifact: { ...artifact, role: 'output' } },
  ])
  expect(store.index.artifactRefs(digestOf('"one"'), 1)).toHaveLength(1)
  expect(store.index.artifactRefs(digestOf('"three"'))).toEqual([])
})

test('edit distance agrees with its definition', () => {
  const plain = (left: string, right: string): number =>
    left === '' || right === ''
      ? left.length + right.length
      : Math.min(
          plain(left.slice(1), right) + 1,
          plain(left, right.slice(1)) + 1,
          plain(left.slice(1), right.slice(1)) + (left[0] === right[0] ? 0 : 1),
        )
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 }),
      fc.nat(6),
      (left, right, most) => {
        expect(editDistance(left, right, most)).toBe(Math.min(plain(left, right), most + 1))
      },
    ),
  )
})
