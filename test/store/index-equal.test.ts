import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { appendMade, group, RUNS, span } from './support/made-records.ts'
import { openForTest, temporaryFolder } from './support/records.ts'

test('whatever records come in whatever order, following them, following them again after a restart and starting anew give the same answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 6 }), fc.nat(5), fc.boolean(), async (groups, restartAt, erases) => {
      const dir = temporaryFolder({ inMemory: true })
      let store = await openForTest(dir)
      for (const [at, records] of groups.entries()) {
        await appendMade(store, records)
        // Each group is a transaction of its own, and after a restart nothing of it is in memory.
        await store.index.catchUp()
        if (at !== restartAt) continue
        await store.close()
        store = await openForTest(dir)
      }
      let live = everyAnswer(store)
      await store.reindex()
      expect(everyAnswer(store)).toBe(live)
      if (erases) {
        await store.erase({ runId: RUNS[0] ?? '' })
        live = everyAnswer(store)
        await store.reindex()
        expect(everyAnswer(store)).toBe(live)
      }
      await store.close()
      rmSync(join(dir, 'index.db'))
      store = await openForTest(dir)
      await store.index.catchUp()
      expect(everyAnswer(store)).toBe(live)
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    }),
    { numRuns: 25 },
  )
}, 60_000)

test('many records of the same few steps within one transaction are taken one after the other', async () => {
  const records = fc.sample(span, { numRuns: 3000, seed: 7 })
  const atOnce = await openForTest(temporaryFolder())
  await appendMade(atOnce, records)
  await atOnce.index.catchUp()
  const oneByOne = await openForTest(temporaryFolder({ inMemory: true }))
  for (let from = 0; from < records.length; from += 7) {
    await appendMade(oneByOne, records.slice(from, from + 7))
    await oneByOne.index.catchUp()
  }
  const answersOf = (store: Store): string => everyAnswer(store).replaceAll(/"(group|line)":\d+/g, '')
  expect(answersOf(atOnce)).toBe(answersOf(oneByOne))
}, 60_000)
