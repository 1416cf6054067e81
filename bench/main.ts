// npm run bench [-- capture ingest redaction replay store] [--rounds N]
import { benchCapture } from './capture/main.ts'
import { benchEffects } from './effects/main.ts'
import { benchExit } from './exit/main.ts'
import { benchHolds } from './holds/main.ts'
import { benchIngest } from './ingest/main.ts'
import { benchQueries } from './queries/main.ts'
import { benchRedaction } from './redaction/main.ts'
import { benchWireCapture } from './replay/capture.ts'
import { benchReplay } from './replay/main.ts'
import { benchPeers } from './replay/peers.ts'
import { printMachine } from './rounds.ts'
import { benchStore } from './store/main.ts'

const BENCHES = {
  capture: benchCapture,
  effects: benchEffects,
  exit: benchExit,
  holds: benchHolds,
  ingest: benchIngest,
  peers: benchPeers,
  queries: benchQueries,
  redaction: benchRedaction,
  replay: benchReplay,
  store: benchStore,
  wire: benchWireCapture,
}

const args = process.argv.slice(2)
const roundsAt = args.indexOf('--rounds')
const rounds = roundsAt >= 0 ? Number(args.splice(roundsAt, 2)[1]) : 5
const unknown = args.find((name) => !(name in BENCHES))
if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`usage: npm run bench -- [${Object.keys(BENCHES).join('] [')}] [--rounds N]`)
  process.exitCode = 2
} else {
  printMachine()
  for (const [name, bench] of Object.entries(BENCHES)) if (args.length === 0 || args.includes(name)) await bench(rounds)
}
