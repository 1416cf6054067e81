// One client, block by block in turn: outside of any run, in a recorded run, and in one whose exchanges are recorded too. Prints figures as the last line.
import { Agent, request as httpRequest } from 'node:http'
import { flush, instrument, startRecorder } from 'reprise'
import { request as undiciRequest } from 'undici'
import { median } from '../rounds.ts'
import { askWith } from './exchanges.ts'

/** CPU of the process for one exchange, flush included, in microseconds. */
export type CaptureResult = { readonly bareMicros: number; readonly runMicros: number; readonly wireMicros: number; readonly ratio: number }

const BLOCKS = 24
const EXCHANGES = 200
const [client, url = '', endpoint = ''] = process.argv.slice(2)

type Asking = Parameters<typeof askWith>[0]
const agent = new Agent({ keepAlive: true })

const CLIENTS: Readonly<Record<string, Asking>> = {
  fetch: (target, init) => fetch(target, init),
  undici: async (target, { method, headers, body }) => (await undiciRequest(target, { method, headers, body })).body,
  'node:http': (target, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(
        target,
        { method, headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part
          })
          response.on('end', () => resolve({ json: async () => JSON.parse(text) as unknown }))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    }),
}

const chosen = CLIENTS[client ?? '']
if (chosen === undefined) throw new Error('usage: capture-contender.ts fetch|undici|node:http URL ENDPOINT')
const asking = askWith(chosen)
const recorded = instrument(() => asking(url, EXCHANGES), { name: 'run' })

async function block(how: 'bare' | 'run' | 'wire'): Promise<number> {
  const recorder = startRecorder({ endpoint, exporter: 'reprise', queueMaxBytes: 2 ** 30, wire: how === 'wire' })
  await flush()
  const before = process.cpuUsage()
  await (how === 'bare' ? asking(url, EXCHANGES) : recorded())
  await recorder.flush()
  const { user, system } = process.cpuUsage(before)
  await recorder.stop()
  return (user + system) / EXCHANGES
}

const ORDERS = [
  ['bare', 'run', 'wire'],
  ['run', 'wire', 'bare'],
  ['wire', 'bare', 'run'],
] as const
const found = { bare: [] as number[], run: [] as number[], wire: [] as number[] }
const ratios: number[] = []
for (let at = 0; at < BLOCKS; at++) {
  const each = { bare: 0, run: 0, wire: 0 }
  for (const how of ORDERS[at % ORDERS.length]!) each[how] = await block(how)
  // The first third is for the compiler.
  if (at < BLOCKS / 3) continue
  for (const how of ORDERS[0]) found[how].push(each[how])
  ratios.push(each.wire / each.bare)
}
const result: CaptureResult = {
  bareMicros: median(found.bare),
  runMicros: median(found.run),
  wireMicros: median(found.wire),
  ratio: median(ratios),
}
console.log(JSON.stringify(result))
process.exit(0)
