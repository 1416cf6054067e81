import { expect, test } from 'vitest'
import { temporaryFolder } from '../store/support/records.ts'
import { loseWithoutSync, powerLoopObstacle, runPowerLoop } from './power-loop.ts'

const CUTS = Number(process.env['REPRISE_POWER_CUTS'] ?? 20)
const SEED = Number(process.env['REPRISE_CRASH_SEED'] ?? 1)

test('after a power cut everything that was acknowledged is there, once', { timeout: 60_000 + CUTS * 30_000 }, async ({ skip }) => {
  const dir = temporaryFolder()
  const obstacle = await powerLoopObstacle(dir)
  if (obstacle !== undefined) return skip(`SKIPPED: power cuts cannot be played here: ${obstacle}`)
  const receipt = await runPowerLoop({ dir, seed: SEED, cycles: CUTS })
  console.log(`receipt: ${JSON.stringify(receipt)}`)
  expect(receipt).toMatchObject({ cycles: CUTS, lost: 0, doubled: 0, problems: 0 })
  expect(receipt.acknowledged).toBeGreaterThan(CUTS)
})

test('a power cut is seen to lose what was not synced, so that the loop above means something', { timeout: 60_000 }, async ({ skip }) => {
  const dir = temporaryFolder()
  const obstacle = await powerLoopObstacle(dir)
  if (obstacle !== undefined) return skip(`SKIPPED: power cuts cannot be played here: ${obstacle}`)
  const { acknowledged, lost } = await loseWithoutSync(dir)
  expect(acknowledged).toBeGreaterThan(10)
  expect(lost).toBeGreaterThan(acknowledged / 2)
})
