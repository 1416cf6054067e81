import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { digestOf, STEP_KINDS } from '../../src/schemas/public.ts'
import { IndexDatabase } from '../../src/store/index/database.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, prepareGap, RUN, sketchOf, temporaryFolder } from './support/records.ts'

/** Of tables that grow with what is stored. Names grow with the different texts alone, but their number is not bounded either. */
const GROWING = [
  'steps',
  'runs',
  'run_words',
  'run_models',
  'run_step_names',
  'usage_above',
  'run_senders',
  'senders',
  'lost_batches',
  'logs',
  'gaps',
  'conflicts',
  'names',
  'digest_pages',
]

/** Every documented filter, each for itself, and the ways to read one thing. */
const QUERIES: Readonly<Record<string, (index: Store['index'], cursors: Cursors) => unknown>> = {
  'the run list': (index) => index.listRuns({ limit: 50 }),
  'its next page': (index, { runs }) => index.listRuns({ limit: 50, cursor: runs }),
  'runs by namespace': (index) => index.listRuns({ limit: 50, namespace: 'local' }),
  'runs by kind': (index) => index.listRuns({ limit: 50, kind: 'run' }),
  'runs by status': (index) => index.listRuns({ limit: 50, status: 'ok' }),
  'runs by name': (index) => index.listRuns({ limit: 50, name: 'answer' }),
  'runs by the beginning of a name': (index) => index.listRuns({ limit: 50, namePrefix: 'ans' }),
  'runs by a part of a name': (index) => index.listRuns({ limit: 50, nameContains: 'SWE' }),
  'runs by session': (index) => index.listRuns({ limit: 50, session: 'session 1' }),
  'runs by model': (index) => index.listRuns({ limit: 50, model: 'model 1' }),
  'runs by tags': (index) => index.listRuns({ limit: 50, tags: ['env', 'env=a'] }),
  'runs by fidelity': (index) => index.listRuns({ limit: 50, fidelity: 'replayable' }),
  'runs by cost': (index) => index.listRuns({ limit: 50, costMin: 0.1 }),
  'runs by time': (index) => index.listRuns({ limit: 50, fromNanos: '1', toNanos: '1800000000000000000' }),
  'runs by step names': (index) => index.listRuns({ limit: 50, stepText: 'step 2' }),
  'one run': (index) => index.readRun(RUN, 'local'),
  'run ids by their beginning': (index) => index.findRunIds(RUN.slice(0, 4), 10),
  'run ids that are near': (index) => index.nearestRunIds('abc', 10),
  'steps of a run': (index) => index.listSteps(RUN, { limit: 50 }),
  'their next page': (index, { steps }) => index.listSteps(RUN, { limit: 50, cursor: steps }),
  'steps by kind': (index) => index.listSteps(RUN, { limit: 50, kinds: [...STEP_KINDS] }),
  'steps that are open': (index) => index.listSteps(RUN, { limit: 50, status: 'open' }),
  'steps that failed': (index) => index.listSteps(RUN, { limit: 50, status: 'error' }),
  'steps by name': (index) => index.listSteps(RUN, { limit: 50, nameContains: 'step' }),
  'steps by depth': (index) => index.listSteps(RUN, { limit: 50, maxDepth: 1 }),
  'steps by number': (index) => index.listSteps(RUN, { limit: 50, fromSequence: 1, toSequence: 3 }),
  'steps by time': (index) => index.listSteps(RUN, { limit: 50, fromNanos: '1', toNanos: '1800000000000000000' }),
  'one step': (index) => index.readStep(RUN, hexOf(16, RUN, 1)),
  'logs of a run': (index) => index.listLogs(RUN, { limit: 50, spanId: hexOf(16, RUN, 1), severityMin: 9 }),
  'conflicts of a run': (index) => index.readConflicts(RUN),
  'gaps of a run': (index) => index.readGaps(RUN),
  'batches that are waited for': (index) => index.listMissingBatches(100),
  'uses of an artifact': (index) => index.artifactRefs(digestOf('"one"')),
}

interface Cursors {
  readonly runs: string
  readonly steps: string
}

async function filled(dir: string): Promise<void> {
  const store = await openForTest(dir)
  for (const run of [RUN, hexOf(32, 'another')]) {
    const more = {
      attributes: { 'gen_ai.request.model': 'model 1', 'gen_ai.usage.cost': 0.5, 'session.id': 'session 1', 'reprise.tag.env': 'a' },
      resource: { attributes: { 'reprise.sender.id': 'sender', 'reprise.sender.sequence': 3 } },
      content: { input: '"one"' },
    }
    await appendSpans(
      store,
      ...[0, 1, 2, 3].map((index) => sketchOf(run, index, { ...more, ...(index === 3 && { pending: true as const }) })),
    )
    await appendSpans(store, sketchOf(run, 1, { ...more, stepName: 'contradicts' }))
    await store.append({ records: [prepareGap({ runId: run })], blobs: [] })
  }
  await store.index.catchUp()
  await store.close()
}

test('no query that is documented walks a table that grows with what is stored', async () => {
  const dir = temporaryFolder()
  await filled(dir)
  const store = await openStore(dir, { mode: 'read' })
  const runs = store.index.listRuns({ limit: 1 }).next ?? ''
  const steps = store.index.listSteps(RUN, { limit: 1 }).next ?? ''
  const asked: { sql: string; values: SQLInputValue[] }[] = []
  for (const how of ['get', 'all', 'allWithBigInts'] as const) {
    const real = IndexDatabase.prototype[how]
    vi.spyOn(IndexDatabase.prototype, how).mockImplementation(function (this: IndexDatabase, sql: string, ...values: SQLInputValue[]) {
      asked.push({ sql, values })
      return Reflect.apply(real, this, [sql, ...values])
    } as never)
  }
  const database = new DatabaseSync(join(dir, 'index.db'), { readOnly: true })
  const walks: string[] = []
  try {
    for (const [what, ask] of Object.entries(QUERIES)) {
      asked.length = 0
      ask(store.index, { runs, steps })
      expect(asked.length, what).toBeGreaterThan(0)
      for (const { sql, values } of asked) {
        const aliases = new Map([...sql.matchAll(/\b(?:FROM|JOIN)\s+(\w+)\s+AS\s+(\w+)/g)].map(([, table, alias]) => [alias, table]))
        for (const { detail } of database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values)) {
          const [, walked] = /^SCAN (\w+)/.exec(String(detail)) ?? []
          if (walked !== undefined && GROWING.includes(aliases.get(walked) ?? walked)) walks.push(`${what}: ${String(detail)} in ${sql}`)
        }
      }
    }
  } finally {
    vi.restoreAllMocks()
    database.close()
    await store.close()
  }
  expect(walks).toEqual([])
})

test('what walks a table is seen as such', () => {
  const index = IndexDatabase.create(':memory:')
  const details = (sql: string): string =>
    index
      .all(`EXPLAIN QUERY PLAN ${sql}`)
      .map(({ detail }) => String(detail))
      .join()
  expect(details('SELECT count(*) FROM steps WHERE name = 5')).toMatch(/SCAN steps/)
  expect(details('SELECT * FROM steps WHERE run = 5')).not.toMatch(/SCAN/)
  index.close()
})
