import { expect, test } from 'vitest'
import { runKillLoop } from '../crash/kill-loop.ts'
import { temporaryFolder } from '../store/support/records.ts'

const CYCLES = Number(process.env['REPRISE_CRASH_CYCLES'] ?? 100)
const SEED = Number(process.env['REPRISE_CRASH_SEED'] ?? 1)

test('a collector that is killed under load loses nothing that it acknowledged, and doubles nothing', {
  timeout: 60_000 + CYCLES * 20_000,
}, async () => {
  const receipt = await runKillLoop({ dir: temporaryFolder(), seed: SEED, cycles: CYCLES, built: true })
  console.log(`receipt: ${JSON.stringify(receipt)}`)
  expect(receipt).toMatchObject({ cycles: CYCLES, lost: 0, doubled: 0, problems: 0 })
  expect(receipt.acknowledged).toBeGreaterThan(CYCLES)
})
