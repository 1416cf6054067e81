import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { flush, instrument, type RecorderHandle, startRecorder, tool } from '../../src/sdk/index.ts'
import { runCli } from '../cli/run-cli.ts'
import { Bench, getJson, until } from './support.ts'

const bench = new Bench()
const servers: Server[] = []
let recorder: RecorderHandle | undefined
afterEach(async () => {
  await recorder?.stop()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await bench.tearDown()
})

/** Stands between a program and a collector; while `swallow.on`, says yes to what it lets fall. */
async function startLiar(collector: Collector, swallow: { on: boolean; swallowed: number }): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        if (swallow.on && request.method === 'POST') {
          swallow.swallowed++
          response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
          return
        }
        const headers = { 'content-type': request.headers['content-type'] ?? '' }
        const body = request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}
        fetch(`${collector.url}${request.url}`, { method: request.method ?? 'GET', headers, ...body })
          .then(async (answer) => {
            const type = { 'content-type': answer.headers.get('content-type') ?? '' }
            response.writeHead(answer.status, type).end(Buffer.from(await answer.arrayBuffer()))
          })
          .catch(() => response.destroy())
      })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it('a batch of a program that was lost between it and the collector is missing by number in the run, which shows it', async () => {
  const collector = await bench.collector()
  const swallow = { on: false, swallowed: 0 }
  recorder = startRecorder({ endpoint: await startLiar(collector, swallow), flushIntervalMillis: 3_600_000 })
  const step = tool((name: string) => name, { name: 'step' })
  const send = async (): Promise<void> => expect((await flush()).failed).toBe(0)
  await instrument(
    async () => {
      step('one')
      await send()
      swallow.on = true
      step('two')
      await send()
      swallow.on = false
      step('three')
      await send()
    },
    { name: 'leaky' },
  )()
  await send()
  expect(swallow.swallowed).toBe(1)

  let id = ''
  await until('the run', async () => {
    const { body } = await getJson(collector, '/api/v1/runs?nameContains=leaky')
    const [run] = body['runs'] as { id: string; status: string }[]
    id = run?.id ?? ''
    return run?.status === 'ok'
  })
  const { body } = await getJson(collector, `/api/v1/runs/${id}/gaps`)
  const missing = body['missingBatches'] as { sender: string; from: number; to: number }[]
  expect(missing).toHaveLength(1)
  expect(missing[0]?.from).toBe(missing[0]?.to)
  const { body: list } = await getJson(collector, `/api/v1/runs/${id}/steps`)
  const inputs = (list['steps'] as { core: { kind: string } }[]).filter(({ core }) => core.kind === 'tool')
  expect(inputs).toHaveLength(2)
  const shown = await runCli(['show', id, '--store', collector.store])
  expect(shown.stdout).toContain(`missing: batch ${missing[0]?.from} of sender ${missing[0]?.sender}`)
})
