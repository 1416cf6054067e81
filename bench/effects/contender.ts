// Both contenders in one process, block by block in turn, so that a slow moment of the machine hits both: prints figures as the last line.
import { randomUUID } from 'node:crypto'
import { flush, instrument, model, startRecorder } from 'reprise'
import { CASES } from '../capture/cases.ts'
import { median } from '../rounds.ts'

/** CPU of the process a call, flush included, in microseconds; the ratio is the median over pairs of blocks. */
export type EffectsResult = { withoutMicros: number; withMicros: number; ratio: number }

const BLOCKS = 60
const CALLS_A_BLOCK = 1000
const CALLS_A_RUN = 50

const [program, endpoint] = process.argv.slice(2)
const chosen = CASES.find(({ name }) => name === '4 KiB')
if (chosen === undefined || endpoint === undefined) throw new Error('usage: contender.ts reads|timers ENDPOINT')

const chat = model(chosen.answer, { name: 'chat', provider: 'bench', model: 'extractor-1' })
const requests = Array.from({ length: 512 }, (_, index) => chosen.request(index))
let sum = 0

const run = instrument(
  async (first: number) => {
    for (let index = first; index < first + CALLS_A_RUN; index++) {
      sum += Date.now() + Math.random() + new Date().getUTCMonth() + randomUUID().length
      const guard = program === 'timers' ? setTimeout(() => {}, 30_000) : undefined
      await chat(requests[index % requests.length])
      clearTimeout(guard)
    }
    await new Promise((resolve) => setImmediate(resolve))
  },
  { name: 'run' },
)

async function block(effects: 'all' | 'none'): Promise<number> {
  const recorder = startRecorder({ endpoint: endpoint!, exporter: 'reprise', queueMaxBytes: 2 ** 30, effects })
  await flush()
  const before = process.cpuUsage()
  for (let index = 0; index < CALLS_A_BLOCK; index += CALLS_A_RUN) await run(index)
  await recorder.flush()
  const { user, system } = process.cpuUsage(before)
  await recorder.stop()
  return (user + system) / CALLS_A_BLOCK
}

const found = { all: [] as number[], none: [] as number[] }
const ratios: number[] = []
for (let at = 0; at < BLOCKS; at++) {
  const order = at % 2 === 0 ? (['all', 'none'] as const) : (['none', 'all'] as const)
  const pair = { all: 0, none: 0 }
  for (const effects of order) pair[effects] = await block(effects)
  // The first third is for the compiler.
  if (at < BLOCKS / 3) continue
  found.all.push(pair.all)
  found.none.push(pair.none)
  ratios.push(pair.all / pair.none)
}
if (Number.isNaN(sum)) throw new Error('unreachable: keeps the reads from being left out')
const result: EffectsResult = { withoutMicros: median(found.none), withMicros: median(found.all), ratio: median(ratios) }
console.log(JSON.stringify(result))
process.exit(0)
