import { expect, it } from 'vitest'
import { createLogger } from '../../src/collector/log.ts'
import { watchBatches } from '../../src/collector/senders/watch-batches.ts'
import { appendSpans, hexOf, openForTest, readAllLines, sketchOf, temporaryFolder } from '../store/support/records.ts'

const RUN = hexOf(32, 'watched')

it('a batch is given up once, however soon one look follows the other and however late the index is', async () => {
  const store = await openForTest(temporaryFolder({ inMemory: true }))
  const watch = watchBatches({
    store,
    namespace: 'local',
    log: createLogger(() => undefined),
    isExpecting: () => false,
    intervalMillis: 3_600_000,
    waitMillis: 0,
  })
  const batch = (sequence: number): Parameters<typeof appendSpans>[1] =>
    sketchOf(RUN, sequence, { resource: { attributes: { 'reprise.sender.id': 'a sender', 'reprise.sender.sequence': sequence } } })
  const told = async (): Promise<number> => (await readAllLines(store)).filter((line) => line.includes('batch-lost')).length

  // Nothing has been waited for between these: the index follows the tape a moment later.
  await appendSpans(store, batch(0), batch(2))
  await watch.check()
  expect(await told()).toBe(1)
  await watch.check()
  await watch.check()
  expect(await told()).toBe(1)
  await appendSpans(store, batch(4))
  await watch.check()
  expect(await told()).toBe(2)
  await watch.close()
})
