// Closes a store over and over while it is sealed, or its index while it is made anew: node closer.ts DIR seal|reindex TIMES
// Prints what came of the work each time.
import { setTimeout as sleep } from 'node:timers/promises'
import { layoutOf } from '../../../src/store/files/layout.ts'
import { FollowingIndex } from '../../../src/store/index/store-index.ts'
import { openStore, type Store } from '../../../src/store/index.ts'
import { Tape } from '../../../src/store/tape/tape.ts'

const APART_MILLIS = 9
const GROUPS = 8

const [dir = '', what, times] = process.argv.slice(2)

async function opened(round: number): Promise<Store> {
  const store = await openStore(dir, { mode: 'write', segmentRollBytes: 400_000 })
  for (let group = 0; group < GROUPS; group++) {
    // Takes a while to compress.
    const words = Array.from({ length: 4_000 }, (_, index) => `${((round * GROUPS + group) * 4_000 + index) ** 3} `.repeat(4)).join('')
    const core = `{"namespace":"local","reason":"${words}","count":1,"schema":"reprise.gap/1"}`
    await store.append({ records: [{ core, line: `{"core":${core},"refs":[]}` }], blobs: [] })
  }
  return store
}

async function closeWhile(round: number, work: Promise<unknown>, close: () => Promise<void>): Promise<void> {
  let outcome = 'under way'
  const settled = work.then(
    () => {
      outcome = 'done'
    },
    () => {
      outcome = 'given up'
    },
  )
  await sleep((round % 16) * APART_MILLIS)
  process.stdout.write(`${outcome}\n`)
  await close()
  await settled
}

for (let round = 0; round < Number(times); round++) {
  const store = await opened(round)
  if (what === 'seal') {
    await closeWhile(round, store.seal(), () => store.close())
    continue
  }
  await store.close()
  const layout = layoutOf(dir)
  const tape = new Tape(layout)
  tape.setHead(tape.head())
  const index = new FollowingIndex(layout.index, tape, { scanAheadMinBytes: 0 })
  await closeWhile(round, index.reindex(), () => index.close())
  tape.close()
}
