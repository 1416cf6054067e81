import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runKillLoop } from '../test/crash/kill-loop.ts'
import { powerLoopObstacle, runPowerLoop } from '../test/crash/power-loop.ts'
import type { CrashReceipt } from '../test/crash/receipt.ts'

// npm run test:crash [-- --cycles 100 --cuts 20 --seed 1 --lanes 2]
//
// Kills a collector under load with SIGKILL and cuts the power of a writer, again and again, and prints a receipt for each
// loop: what was sent, acknowledged and stored, and that nothing was lost and nothing doubled. Exit code 5 when that is not so.

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '100' },
    cuts: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '2' },
  },
})

function numberOf(name: keyof typeof values, least: number): number {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= least) return value
  console.error(`--${name}: expected a whole number from ${least}`)
  process.exit(2)
}

const cycles = numberOf('cycles', 0)
const cuts = numberOf('cuts', 0)
const seed = numberOf('seed', 0)
const lanes = numberOf('lanes', 1)
let sound = true

/** Runs a loop in a folder of its own, which stays where something is wrong. */
async function inFolder(run: (dir: string) => Promise<CrashReceipt>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'reprise-crash-'))
  const receipt = await run(dir)
  console.log(JSON.stringify(receipt))
  if (receipt.lost === 0 && receipt.doubled === 0 && receipt.problems === 0) rmSync(dir, { recursive: true, force: true })
  else {
    sound = false
    console.error(`kept: ${dir}`)
  }
}

let done = 0
const onCycle = (): void => {
  if (++done % 25 === 0) console.error(`${done} crashes`)
}

// Lanes are stores of their own, so that the cores are used; each has a receipt and a seed of its own.
await Promise.all(
  Array.from({ length: Math.min(lanes, cycles) }, (_, lane) =>
    inFolder((dir) =>
      runKillLoop({ dir, seed: seed + lane, cycles: Math.floor(cycles / lanes) + (lane < cycles % lanes ? 1 : 0), built: true, onCycle }),
    ),
  ),
)
if (cuts > 0) {
  const trial = mkdtempSync(join(tmpdir(), 'reprise-crash-'))
  const obstacle = await powerLoopObstacle(trial)
  rmSync(trial, { recursive: true, force: true })
  if (obstacle === undefined) await inFolder((dir) => runPowerLoop({ dir, seed, cycles: cuts, onCycle }))
  else console.error(`SKIPPED: power cuts cannot be played here: ${obstacle}`)
}
process.exitCode = sound ? 0 : 5
