// The load: sends bodies over a few connections and prints its figures as the last line.
import { Agent, request } from 'undici'
import { percentile } from '../rounds.ts'
import { genAiBody } from './bodies.ts'

export type LoadResult = { spansPerSecond: number; ackMillisP50: number; ackMillisP99: number; bytes: number; refused: number }

const [url, bodiesText, spansText, connectionsText, salt] = process.argv.slice(2)
const bodies = Array.from({ length: Number(bodiesText) }, (_, index) => genAiBody(index, Number(spansText), salt ?? ''))
const dispatcher = new Agent({ connections: Number(connectionsText), pipelining: 1 })
const acks: number[] = []
let refused = 0
let next = 0

async function send(body: Uint8Array): Promise<void> {
  const started = performance.now()
  const response = await request(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body,
    dispatcher,
  })
  await response.body.dump()
  acks.push(performance.now() - started)
  if (response.statusCode !== 200) refused++
}

const started = performance.now()
await Promise.all(
  Array.from({ length: Number(connectionsText) }, async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) await send(body)
  }),
)
const seconds = (performance.now() - started) / 1000
const result: LoadResult = {
  spansPerSecond: (bodies.length * Number(spansText)) / seconds,
  ackMillisP50: percentile(acks, 50),
  ackMillisP99: percentile(acks, 99),
  bytes: bodies.reduce((sum, body) => sum + body.length, 0),
  refused,
}
console.log(JSON.stringify(result))
await dispatcher.close()
