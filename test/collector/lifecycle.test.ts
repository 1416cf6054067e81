import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../src/collector/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, getJson, post, rawExchange, readTape, until } from './support.ts'

const bench = new Bench()
afterEach(async () => await bench.tearDown())
const body = (id: number): Uint8Array => writeTraces(groupOf([bareSpan({ spanId: id.toString(16).padStart(16, '0') })]))

describe('startCollector', () => {
  it('tells where it listens, and closes as often as it is asked to', async () => {
    const collector = await bench.collector()
    expect(collector.url).toBe(`http://127.0.0.1:${collector.port}`)
    expect((await getJson(collector, '/healthz')).status).toBe(200)
    await Promise.all([collector.close(), collector.close()])
    await collector.close()
    await expect(fetch(`${collector.url}/healthz`)).rejects.toThrow()
  })

  it.each(['localhost', '::1'])('listens on %s', async (host) => {
    const collector = await bench.collector({ host }).catch((error: unknown) => {
      // A machine may have no IPv6.
      if (host === '::1' && String(error).includes('no address of this machine')) return undefined
      throw error
    })
    if (collector === undefined) return
    expect(collector.url).toBe(`http://${host === '::1' ? '[::1]' : host}:${collector.port}`)
    expect((await post(collector, body(1))).status).toBe(200)
  })

  it('leaves nothing behind when it cannot listen: the store can be opened again', async () => {
    const folder = join(bench.folder(), 'store')
    const first = await bench.collector()
    await expect(startCollector({ store: folder, port: first.port, log: () => undefined })).rejects.toMatchObject({ code: 'port_in_use' })
    await expect(startCollector({ store: folder, host: '192.0.2.1', allowRemote: true, port: 0 })).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('192.0.2.1'),
    })
    await expect(startCollector({ store: folder, port: 0, forward: ['nonsense'] })).rejects.toMatchObject({ code: 'invalid_option' })
    await (await startCollector({ store: folder, port: 0 })).close()
  })

  it('says who has the port, and which flag changes it', async () => {
    const first = await bench.collector()
    const taken = startCollector({ store: join(bench.folder(), 'store'), port: first.port })
    await expect(taken).rejects.toMatchObject({ message: expect.stringContaining('--port') })
    await expect(taken).rejects.toMatchObject({ message: expect.stringContaining(`a Reprise collector on store ${first.store}`) })
    if (process.platform === 'linux')
      await expect(taken).rejects.toMatchObject({ message: expect.stringContaining(`(pid ${process.pid})`) })

    const stranger = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('220 not http\r\n'),
    )
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = stranger.address() as AddressInfo
      const refused = startCollector({ store: join(bench.folder(), 'store'), port })
      await expect(refused).rejects.toMatchObject({ code: 'port_in_use', message: expect.not.stringContaining('Reprise collector') })
    } finally {
      await new Promise((resolve) => stranger.close(resolve))
    }
  })

  it('refuses a second collector on the same store', async () => {
    const first = await bench.collector()
    await expect(startCollector({ store: first.store, port: 0 })).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringContaining(String(process.pid)),
    })
  })

  it('will not forward to itself', async () => {
    const first = await bench.collector()
    const { port } = first
    await first.close()
    await expect(startCollector({ store: first.store, port, forward: [`http://localhost:${port}`] })).rejects.toMatchObject({
      message: expect.stringContaining('itself'),
    })
  })
})

describe('close', () => {
  it('lets a request that is being sent finish and be acknowledged', async () => {
    const collector = await bench.collector()
    const bytes = body(1)
    const head = `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${bytes.length}\r\n\r\n`
    const answer = rawExchange(collector, [head, bytes.subarray(0, 10), bytes.subarray(10)], { pauseMillis: 100 })
    await until('the request to be under way', () => collector.stats().inFlightBytes > 0)
    await collector.close()
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /)
    expect((await readTape(collector.store)).spans).toHaveLength(1)
  })

  it('cuts off a sender that never finishes', async () => {
    const collector = await bench.collector({ drainTimeoutMillis: 100 })
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 500\r\n\r\nx'
    const answer = rawExchange(collector, [head], { limitMillis: 20_000 })
    await until('the request to be under way', () => collector.stats().inFlightBytes > 0)
    await collector.close()
    expect(await answer).toBe('')
  })
})

describe('after a restart', () => {
  it('everything acknowledged is there, and the numbers start anew', async () => {
    const first = await bench.collector()
    for (let id = 1; id <= 20; id++) expect((await post(first, body(id))).status).toBe(200)
    await first.close()
    const second = await bench.collector({ store: first.store })
    expect(second.stats().received).toBe(0)
    const { body: page } = await getJson(second, '/api/v1/runs')
    expect(page).toMatchObject({ runs: [{ steps: 20 }] })
    await second.close()
    expect((await readTape(first.store)).spans.map((record) => record.core.spanId)).toHaveLength(20)
  })
})

describe('the read API', () => {
  it('lists, pages, shows and downloads, and says what is wrong', async () => {
    const collector = await bench.collector()
    const runs = Array.from({ length: 5 }, (_, run) =>
      Array.from({ length: 3 }, (_, step) =>
        bareSpan({
          traceId: (run + 1).toString(16).padStart(32, '0'),
          spanId: (run * 16 + step + 1).toString(16).padStart(16, '0'),
          parentSpanId: step === 0 ? '' : (run * 16 + 1).toString(16).padStart(16, '0'),
          name: step === 0 ? `answer ${run}` : 'lookup',
          startNanos: BigInt(run + 1) * 1_000_000_000n + BigInt(step),
          endNanos: BigInt(run + 2) * 1_000_000_000n,
          attributes: [
            [ATTR.kind, step === 0 ? 'run' : 'tool'],
            [ATTR.sequence, { int: BigInt(step) }],
            [ATTR.input, JSON.stringify([run, step])],
            [ATTR.output, '<b onmouseover=alert(1)>'],
            ['reprise.output.media_type', 'text/html'],
          ],
          status: run === 4 && step === 0 ? { code: 2, message: 'failed' } : { code: 0, message: '' },
        }),
      ),
    ).flat()
    expect((await post(collector, writeTraces(groupOf(runs)))).status).toBe(200)
    await expect.poll(async () => ((await getJson(collector, '/api/v1/runs')).body['runs'] as unknown[]).length).toBe(5)

    const first = await getJson(collector, '/api/v1/runs?limit=2')
    expect(first.body).toMatchObject({
      schema: 'reprise.run-list/1',
      runs: [{ name: 'answer 4', status: 'error', steps: 3 }, { name: 'answer 3' }],
    })
    const second = await getJson(collector, `/api/v1/runs?limit=2&cursor=${encodeURIComponent(first.body['next'] as string)}`)
    expect(second.body['runs']).toMatchObject([{ name: 'answer 2' }, { name: 'answer 1' }])
    expect((await getJson(collector, '/api/v1/runs?nameContains=ANSWER+3')).body['runs']).toMatchObject([{ name: 'answer 3' }])
    expect((await getJson(collector, '/api/v1/runs?status=error')).body['runs']).toMatchObject([{ name: 'answer 4' }])
    expect((await getJson(collector, '/api/v1/runs?kind=model')).body['runs']).toEqual([])
    expect(await getJson(collector, '/api/v1/runs?limit=0')).toMatchObject({
      status: 400,
      body: { schema: 'reprise.error/1', error: { code: 'invalid_argument' } },
    })
    expect(await getJson(collector, '/api/v1/runs?cursor=bogus')).toMatchObject({ status: 400 })

    const id = (3).toString(16).padStart(32, '0')
    expect((await getJson(collector, `/api/v1/runs/${id}`)).body).toMatchObject({ schema: 'reprise.run-summary/1', id, name: 'answer 2' })
    const unknown = `${'0'.repeat(30)}ff`
    expect(await getJson(collector, `/api/v1/runs/${unknown}`)).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'no_such_run',
          message: `no run ${unknown}`,
          nearest: expect.arrayContaining([expect.stringMatching(/^0{31}[1-5]$/)]),
        },
      },
    })
    expect(await getJson(collector, '/api/v1/runs/short')).toMatchObject({ status: 400 })

    const steps = await getJson(collector, `/api/v1/runs/${id}/steps?limit=2`)
    expect(steps.body).toMatchObject({
      schema: 'reprise.step-list/1',
      steps: [{ core: { name: 'answer 2' } }, { core: { name: 'lookup' } }],
      next: expect.any(String),
    })
    const rest = await getJson(collector, `/api/v1/runs/${id}/steps?limit=2&cursor=${encodeURIComponent(steps.body['next'] as string)}`)
    expect(rest.body['steps']).toHaveLength(1)
    expect(rest.body['next']).toBeUndefined()
    expect(await getJson(collector, `/api/v1/runs/${unknown}/steps`)).toMatchObject({ status: 404 })

    const [step] = steps.body['steps'] as [{ refs: { role: string; digest: string }[] }]
    const output = step.refs.find((ref) => ref.role === 'output')!.digest
    const artifact = await fetch(`${collector.url}/api/v1/artifacts/${output}`)
    expect(await artifact.text()).toBe('<b onmouseover=alert(1)>')
    expect(Object.fromEntries(artifact.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': `attachment; filename="${output.replace(':', '-')}"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    expect(await getJson(collector, '/api/v1/artifacts/sha256:zz')).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('64 lowercase hex') } },
    })
    expect(await getJson(collector, `/api/v1/artifacts/sha256:${'0'.repeat(64)}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'artifact_missing' } },
    })

    expect((await getJson(collector, '/api/v1/version')).body).toMatchObject({
      schema: 'reprise.version/1',
      name: 'reprise',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      store: collector.store,
    })
    expect((await getJson(collector, '/readyz')).body).toMatchObject({ ready: true, problems: [], stats: { received: 15, accepted: 15 } })
    expect(await getJson(collector, '/api/v1/nothing')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    expect((await fetch(`${collector.url}/api/v1/runs`, { method: 'POST' })).status).toBe(405)
  })
})

describe('namespaces', () => {
  it('are written on each record, and a collector shows its own alone', async () => {
    const first = await bench.collector({ namespace: 'team-a' })
    expect((await post(first, body(1))).status).toBe(200)
    await first.close()
    expect((await readTape(first.store)).spans[0]!.core.namespace).toBe('team-a')
    const second = await bench.collector({ store: first.store, namespace: 'team-b' })
    expect((await getJson(second, '/api/v1/runs')).body['runs']).toEqual([])
    expect((await getJson(second, `/api/v1/runs/${bareSpan().traceId}`)).status).toBe(404)
  })
})
