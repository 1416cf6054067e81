// Replays every agent of this folder many times and prints what came of it; ends with 1 when anything departed.
//   node --conditions=reprise-source test/replay/agents/replay-corpus-program.ts [TIMES]
import { replayRecordedAgain } from '../fork/recorded-again.ts'
import { AGENTS } from './agents.ts'
import { replayCorpus } from './corpus.ts'

const times = Number(process.argv[2] ?? 100)
let failed = 0
console.log(`node ${process.version}, ${times} replays each`)
for await (const { name, steps, exact, digests, sockets, unmatched, unused, reads, firstDeparture } of replayCorpus(times)) {
  const isGood = exact === times && digests === 1 && sockets + unmatched + unused === 0
  if (!isGood) failed++
  const counts = `${exact} exact, ${digests} digests, ${sockets} sockets, ${unmatched} unmatched, ${unused} unused`
  console.log(`${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(14)} ${String(steps).padStart(4)} steps  ${counts}, ${reads / times} reads`)
  if (firstDeparture !== undefined) console.log(`     ${firstDeparture}`)
}
const faults = await replayRecordedAgain(Object.keys(AGENTS))
console.log(faults.length === 0 ? 'ok   each replayed once more from the record of its replay' : `FAIL ${faults.join('\n')}`)
process.exitCode = failed + faults.length === 0 ? 0 : 1
