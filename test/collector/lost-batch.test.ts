import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { API_SCHEMAS, ATTR, type GapCore } from '../../src/schemas/public.ts'
import { flush, instrument, type RecorderHandle, startRecorder, tool } from '../../src/sdk/index.ts'
import { checkStoreFolder, openStore } from '../../src/store/index.ts'
import { runCli, startUp } from '../cli/run-cli.ts'
import { groupOf, writeTraces } from '../otlp/helpers.ts'
import { send, stepOf, traceOf } from './api-support.ts'
import { Bench, getJson, NO_THREADS, PROTOBUF, until } from './support.ts'

const bench = new Bench(NO_THREADS)
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
  expect(shown.stdout).toContain(`missing: batch ${missing[0]?.from} of sender ${missing[0]?.sender} (still waited for)`)
})

it('a last batch that was lost shows no hole: it held the end of its run, which stays open', async () => {
  const collector = await bench.collector()
  const swallow = { on: false, swallowed: 0 }
  recorder = startRecorder({ endpoint: await startLiar(collector, swallow), flushIntervalMillis: 3_600_000 })
  const step = tool((name: string) => name, { name: 'step' })
  await instrument(
    async () => {
      step('one')
      expect((await flush()).failed).toBe(0)
      step('two')
      swallow.on = true
    },
    { name: 'cut short' },
  )()
  expect((await flush()).failed).toBe(0)
  expect(swallow.swallowed).toBe(1)
  await collector.checkSenders()
  const { body } = await getJson(collector, '/api/v1/runs?nameContains=cut')
  const [run] = body['runs'] as { id: string; status: string; steps: number; gaps: number }[]
  expect(run).toMatchObject({ status: 'running', gaps: 0 })
  expect((await getJson(collector, `/api/v1/runs/${run?.id}/gaps`)).body).toMatchObject({ missingBatches: [] })
})

const batch = async (collector: Collector, sequence: number, step = sequence): Promise<void> =>
  await send(
    collector,
    [stepOf(1, step)],
    [
      ['reprise.sender.id', 'sender one'],
      ['reprise.sender.sequence', { int: BigInt(sequence) }],
    ],
  )

async function gapsOf(collector: Collector): Promise<{ told: GapCore['batches'][]; missing: unknown[]; late: unknown[]; count: unknown }> {
  // What the index knows is a moment behind what is acknowledged.
  await collector.checkSenders()
  const gaps = API_SCHEMAS.RunGaps.parse((await getJson(collector, `/api/v1/runs/${traceOf(1)}/gaps`)).body)
  const { body: run } = await getJson(collector, `/api/v1/runs/${traceOf(1)}`)
  for (const { core } of gaps.gaps) expect(core).toMatchObject({ reason: 'batch-lost', sender: 'sender one', namespace: 'local' })
  const plain = (batches: { from: number; to: number }[]): unknown[] => batches.map(({ from, to }) => [from, to])
  return {
    told: gaps.gaps.map(({ core }) => core.batches),
    missing: plain(gaps.missingBatches),
    late: plain(gaps.lateBatches),
    count: run['gaps'],
  }
}

it('gives up batches that do not come, out of order, twice or not: on the tape, across a restart, and takes it back when one comes late', async () => {
  const patient = { batchWaitMillis: 3_600_000 }
  const store = join(bench.folder(), 'store')
  let collector = await bench.collector({ ...patient, store })
  for (const sequence of [0, 3, 1, 1, 9, 6]) await batch(collector, sequence)
  // 2, 4, 5, 7, 8 are waited for: nothing is given up.
  expect(await gapsOf(collector)).toEqual({
    told: [],
    missing: [
      [2, 2],
      [4, 5],
      [7, 8],
    ],
    late: [],
    count: 0,
  })
  await collector.close()

  collector = await bench.collector({ ...patient, store })
  // In time: the hole has not been given up.
  await batch(collector, 2)
  await collector.close()

  collector = await bench.collector({ batchWaitMillis: 0, store })
  await until('two gap records', async () => (await gapsOf(collector)).told.length === 2)
  const given = {
    told: [
      { from: 4, to: 5 },
      { from: 7, to: 8 },
    ],
    missing: [
      [4, 5],
      [7, 8],
    ],
    late: [],
    count: 4,
  }
  expect(await gapsOf(collector)).toEqual(given)
  // Told once, however often it looks.
  await collector.close()
  collector = await bench.collector({ batchWaitMillis: 0, store })
  await collector.checkSenders()
  expect(await gapsOf(collector)).toEqual(given)
  expect((await runCli(['runs', '--store', store])).stdout).toMatch(/, gaps/)

  // Late: 5 came after all, twice; 7 and 8 too.
  for (const sequence of [5, 5, 8, 7]) await batch(collector, sequence)
  const taken = {
    told: given.told,
    missing: [[4, 4]],
    late: [
      [5, 5],
      [7, 7],
      [8, 8],
    ],
    count: 1,
  }
  await until('the late ones', async () => (await gapsOf(collector)).count === 1)
  expect(await gapsOf(collector)).toEqual(taken)
  const shown = (await runCli(['show', traceOf(1), '--store', store])).stdout
  expect(shown).toContain('missing: batch 4 of sender sender one\n')
  expect(shown).toContain('came late, and is no longer missing: batch 5 of sender sender one\n')
  await collector.close()

  // The tape alone says all of it.
  expect((await checkStoreFolder(store)).problems).toEqual([])
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(store, `index.db${suffix}`), { force: true })
  collector = await bench.collector({ batchWaitMillis: 0, store })
  await until('the index', async () => (await gapsOf(collector)).count === 1)
  expect(await gapsOf(collector)).toEqual(taken)
}, 30_000)

it('waits longer while the spool holds something that is not taken in', async () => {
  const spoolFolder = join(bench.folder(), 'spool')
  mkdirSync(spoolFolder, { mode: 0o700 })
  // Somebody is writing it.
  const file = join(spoolFolder, `${String(Date.now()).padStart(13, '0')}-1-aaaaaaaaaaaa-bbbbbbbb-1.tmp`)
  writeFileSync(file, '')
  const collector = await bench.collector({ batchWaitMillis: 0, spoolFolder })
  await batch(collector, 0)
  await batch(collector, 2)
  await collector.checkSenders()
  await collector.checkSenders()
  expect(await gapsOf(collector)).toMatchObject({ told: [], missing: [[1, 1]] })
  rmSync(file)
  await until('the gap record', async () => (await gapsOf(collector)).told.length === 1)
})

it('does not miss a batch in which nothing but a notice of the sender came', async () => {
  const collector = await bench.collector({ batchWaitMillis: 0 })
  await batch(collector, 0)
  const notice = stepOf(1, 1, {
    attributes: [
      [ATTR.gapReason, 'queue_full'],
      [ATTR.gapCount, { int: 7n }],
    ],
  })
  await send(
    collector,
    [notice],
    [
      ['reprise.sender.id', 'sender one'],
      ['reprise.sender.sequence', { int: 1n }],
    ],
  )
  await batch(collector, 2)
  await collector.checkSenders()
  await collector.checkSenders()
  const reader = await openStore(collector.store, { mode: 'read' })
  const cores: GapCore[] = []
  for await (const { lines } of reader.tape.readGroups(0))
    for (const line of lines) {
      const { core } = JSON.parse(line) as { core: GapCore }
      if (core.schema === 'reprise.gap/1') cores.push(core)
    }
  await reader.close()
  expect(cores).toMatchObject([{ reason: 'queue_full', count: 7, batch: { sender: 'sender one', sequence: 1 } }])
})

it('how long is waited is an option of the collector that is started by hand', async () => {
  const store = join(bench.folder(), 'store')
  const env = { REPRISE_BATCH_WAIT_MILLIS: '0' }
  const up = await startUp(store, [], env)
  try {
    for (const sequence of [0, 2]) {
      const attributes: [string, string | { int: bigint }][] = [
        ['reprise.sender.id', 'sender one'],
        ['reprise.sender.sequence', { int: BigInt(sequence) }],
      ]
      const [group] = groupOf([stepOf(1, sequence)])
      const body = writeTraces([{ ...group!, resource: { ...group!.resource, attributes } }])
      const { status } = await fetch(`${up.url}/v1/traces`, { method: 'POST', headers: PROTOBUF, body: Uint8Array.from(body) })
      expect(status).toBe(200)
    }
    await until('the gap record', async () => {
      const answer = await fetch(`${up.url}/api/v1/runs/${traceOf(1)}`)
      return answer.status === 200 && ((await answer.json()) as { gaps: number }).gaps === 1
    })
  } finally {
    expect(await up.stop()).toBe(0)
  }
  const told = (await runCli(['config', '--origin', '--json', '--store', store], { env })).stdout
  expect(told).toMatch(/"batchWaitMillis".*REPRISE_BATCH_WAIT_MILLIS/)
})
