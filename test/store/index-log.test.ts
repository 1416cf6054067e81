import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { IndexDatabase } from '../../src/store/index/database.ts'
import { FollowingIndex } from '../../src/store/index/store-index.ts'
import { openStore } from '../../src/store/index.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { appendSpans, hexOf, sketchOf, temporaryFolder } from './support/records.ts'

const logBytes = (dir: string): number => statSync(join(dir, 'index.db-wal'), { throwIfNoEntry: false })?.size ?? 0

async function fill(dir: string): Promise<void> {
  const store = await openStore(dir, { mode: 'write' })
  for (let run = 0; run < 20; run++)
    await appendSpans(store, ...Array.from({ length: 100 }, (_, index) => sketchOf(hexOf(32, 'log', run), index)))
  await store.close()
}

test('the log of the index is emptied at rest, once nobody reads from it', async () => {
  const dir = temporaryFolder()
  await fill(dir)
  const layout = layoutOf(dir)
  const tape = new Tape(layout)
  const index = new FollowingIndex(layout.index, tape, { restMillis: 50 })
  await index.reindex()
  const reader = IndexDatabase.openForReading(layout.index)
  // A reader stays where it is, and the log with it.
  reader?.exec('BEGIN')
  expect(reader?.get('SELECT count(*) AS runs FROM runs')).toMatchObject({ runs: 20 })
  const full = logBytes(dir)
  expect(full).toBeGreaterThan(100_000)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(logBytes(dir)).toBe(full)
  reader?.exec('COMMIT')
  await expect.poll(() => logBytes(dir), { timeout: 5_000 }).toBe(0)
  // What was read from it is in the database.
  expect(reader?.get('SELECT count(*) AS runs FROM runs')).toMatchObject({ runs: 20 })
  reader?.close()
  await index.close()
  tape.close()
})

test('a store that was asked while it was written leaves no log behind', async () => {
  const dir = temporaryFolder()
  await fill(dir)
  const store = await openStore(dir, { mode: 'write', indexThread: true })
  await store.reindex()
  await appendSpans(store, sketchOf(hexOf(32, 'more'), 0))
  await store.index.catchUp()
  expect(store.index.listRuns({ limit: 100 }).runs).toHaveLength(21)
  expect(logBytes(dir)).toBeGreaterThan(0)
  await store.close()
  expect(existsSync(join(dir, 'index.db-wal'))).toBe(false)
  const reader = await openStore(dir, { mode: 'read' })
  expect(reader.index.listRuns({ limit: 100 }).runs).toHaveLength(21)
  await reader.close()
})
