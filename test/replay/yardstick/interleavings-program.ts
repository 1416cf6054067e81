// Counts the calls that get another call's answer in a replay, over many seeded interleavings of 32 parallel branches.
//   node --conditions=reprise-source test/replay/yardstick/interleavings-program.ts [COUNT] [FIRST SEED]
import { countMispairs } from './interleavings.ts'

const BATCH = 100
const count = Number(process.argv[2] ?? 1000)
const first = Number(process.argv[3] ?? 0)
const sums = { interleavings: 0, calls: 0, ambiguous: 0, ours: 0, globalCursor: 0, toolQueue: 0, requestQueue: 0 }
for (let seed = 0; seed < count; seed += BATCH) {
  const batch = await countMispairs(Math.min(BATCH, count - seed), first + seed)
  for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += batch[key]
}
console.log(`node ${process.versions.node}: ${JSON.stringify(sums)}`)
process.exit(sums.ours === 0 ? 0 : 1)
