import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf, runSummarySchema, STEP_KINDS } from '../../src/schemas/public.ts'
import { IndexDatabase } from '../../src/store/index/database.ts'
import { DigestTable, findAddresses } from '../../src/store/index/digest-table.ts'
import { editDistance } from '../../src/store/index/nearest.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { appendSpans, hexOf, openForTest, prepareGap, RUN, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

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
            'gen_ai.usage.cost': index / 10,
            'reprise.tag.env': `env ${run % 2}`,
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

test('making the index anew can be killed at any moment: the next opening carries on', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir)
  await fillWithEverything(store)
  await store.index.catchUp()
  const live = everyAnswer(store)
  await store.close()
  for (let round = 0; round < 6; round++) {
    const threads = round % 2 === 0 ? 'two' : 'alone'
    const child = spawn(process.execPath, [fileURLToPath(new URL('support/reindexer.ts', import.meta.url)), dir, threads], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, round * 15))
    child.kill('SIGKILL')
    await ended
    if (round === 2) writeFileSync(join(dir, '.index.db.tmp'), 'a part of one that was made beside')
    const writer = await openForTest(dir)
    await writer.index.catchUp()
    expect(everyAnswer(writer)).toBe(live)
    await writer.close()
    expect(readdirSync(dir).filter((name) => name.startsWith('.'))).toEqual([])
  }
}, 60_000)

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

test('digests are found in chunks of any number, and those still in memory or not', () => {
  const database = IndexDatabase.create(':memory:')
  let table = new DigestTable(database)
  const expected = new Map<number, number[]>()
  let address = 0
  const add = (key: number): void => {
    table.add(key, address)
    expected.set(key, [...(expected.get(key) ?? []), address])
    address++
  }
  const keyOf = (index: number): number => (index * 2_654_435_761) % 2 ** 36
  for (const [count, keys] of [
    [40_000, 30_000],
    [100, 50],
    [70_000, 200],
    [16_384, 1],
    [3, 3],
  ] as const) {
    for (let index = 0; index < count; index++) add(keyOf(index % keys))
    database.exec('BEGIN')
    table.save()
    database.exec('COMMIT')
    // As after a restart.
    if (count < 1000) table = new DigestTable(database)
  }
  add(keyOf(7))
  table.save()
  for (const key of [0, 1, 7, 49, 150, 199, 200, 29_999, 30_000].map(keyOf))
    expect([...findAddresses(database, key)]).toEqual(expected.get(key) ?? [])
  expect([...findAddresses(database, 2 ** 36 - 1)]).toEqual([])
  database.close()
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
