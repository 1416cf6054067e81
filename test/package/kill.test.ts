import { expect, test } from 'vitest'
import { runKillLoop } from '../crash/kill-loop.ts'
import { temporaryFolder } from '../store/support/records.ts'

const CYCLES = Number(process.env['REPRISE_CRASH_CYCLES'] ?? 100)
const SEED = Number(process.env['REPRISE_CRASH_SEED'] ?? 1)
/** Stores side by side: each waits for its processes most of the time. */
const LANES = 2

test('a collector that is killed under load loses nothing that it acknowledged, and doubles nothing', {
  timeout: 60_000 + CYCLES * 20_000,
}, async () => {
  const cycles = Math.ceil(CYCLES / LANES)
  const lanes = Array.from({ length: LANES }, (_, lane) => runKillLoop({ dir: temporaryFolder(), seed: SEED + lane, cycles, built: true }))
  for (const receipt of await Promise.all(lanes)) {
    console.log(`receipt: ${JSON.stringify(receipt)}`)
    expect(receipt).toMatchObject({ cycles, lost: 0, doubled: 0, problems: 0 })
    expect(receipt.acknowledged).toBeGreaterThan(cycles)
  }
})
