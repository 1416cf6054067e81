import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

test('somebody who reads one state of the index for long holds up neither the writer nor other readers', async () => {
  const dir = temporaryFolder()
  const store = await openStore(dir, { mode: 'write', indexThread: true })
  await appendSpans(store, sketchOf(RUN, 0))
  await store.index.catchUp()
  const long = new DatabaseSync(join(dir, 'index.db'), { readOnly: true })
  long.exec('BEGIN')
  const count = long.prepare('SELECT count(*) AS runs FROM sqlite_schema, runs GROUP BY sqlite_schema.name LIMIT 1')
  expect(count.get()).toEqual({ runs: 1 })
  for (let number = 1; number <= 200; number++) {
    const run = number.toString(16).padStart(32, '0')
    await appendSpans(store, sketchOf(run, 0), sketchOf(run, 1), sketchOf(run, 2))
  }
  await store.index.catchUp()
  expect(store.index.problem()).toBeUndefined()
  // All others see what is new; it alone sees what was.
  expect(store.index.listRuns({ limit: 500 }).runs).toHaveLength(201)
  const other = await openStore(dir, { mode: 'read' })
  expect(other.index.listRuns({ limit: 500 }).runs).toHaveLength(201)
  await other.close()
  expect(count.get()).toEqual({ runs: 1 })
  expect(statSync(join(dir, 'index.db-wal')).size).toBeGreaterThan(0)
  long.exec('COMMIT')
  long.close()
  await store.close()
  const reader = await openStore(dir, { mode: 'read' })
  expect(await readAllLines(reader)).toHaveLength(601)
  expect(reader.index.listRuns({ limit: 500 }).runs).toHaveLength(201)
  await reader.close()
})
