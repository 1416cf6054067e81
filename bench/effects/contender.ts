// One contender, one process: prints its figures as the last line.
import { randomUUID } from 'node:crypto'
import { flush, instrument, model, startRecorder } from 'reprise'
import { CASES } from '../capture/cases.ts'
import { percentile } from '../rounds.ts'

export type EffectsResult = { pathMicrosP50: number; cpuMicrosPerCall: number }

const CALLS = 20_000
const CALLS_A_RUN = 50

const [contender, program, endpoint] = process.argv.slice(2)
const chosen = CASES.find(({ name }) => name === '4 KiB')
if (chosen === undefined || endpoint === undefined) throw new Error('usage: contender.ts without|with reads|timers ENDPOINT')

startRecorder({ endpoint, exporter: 'reprise', queueMaxBytes: 2 ** 30, effects: contender === 'with' ? 'all' : 'none' })
const chat = model(chosen.answer, { name: 'chat', provider: 'bench', model: 'extractor-1' })
const requests = Array.from({ length: 512 }, (_, index) => chosen.request(index))
const times: number[] = []
let sum = 0

const run = instrument(
  async (first: number) => {
    for (let index = first; index < first + CALLS_A_RUN; index++) {
      const started = performance.now()
      sum += Date.now() + Math.random() + Number(new Date()) + randomUUID().length
      const guard = program === 'timers' ? setTimeout(() => {}, 30_000) : undefined
      await chat(requests[index % requests.length])
      clearTimeout(guard)
      times.push((performance.now() - started) * 1000)
    }
    await new Promise((resolve) => setImmediate(resolve))
  },
  { name: 'run' },
)

for (let index = 0; index < 2000; index += CALLS_A_RUN) await run(index)
await flush()
times.length = 0
const before = process.cpuUsage()
for (let index = 0; index < CALLS; index += CALLS_A_RUN) await run(index)
await flush()
const cpu = process.cpuUsage(before)
if (Number.isNaN(sum)) throw new Error('unreachable: keeps the reads from being left out')
const result: EffectsResult = { pathMicrosP50: percentile(times, 50), cpuMicrosPerCall: (cpu.user + cpu.system) / CALLS }
console.log(JSON.stringify(result))
process.exit(0)
