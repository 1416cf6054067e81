import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { API_SCHEMAS, ATTR, gapRecordSchema, runSummarySchema, spanRecordSchema } from '../../src/schemas/public.ts'
import { bareLog, type bareSpan, logGroupOf, writeLogs } from '../otlp/helpers.ts'
import { type Sent, send, spanOf, stepOf, traceOf } from './api-support.ts'
import { Bench, getJson, NO_THREADS, PROTOBUF, readTape } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

async function runsOf(collector: Collector, query: string): Promise<string[]> {
  const { status, body } = await getJson(collector, `/api/v1/runs?${query}`)
  expect({ query, status }).toEqual({ query, status: 200 })
  return API_SCHEMAS.RunList.parse(body).runs.map(({ name }) => name)
}

describe('the list of runs', () => {
  it('is found by what its spans carry', async () => {
    const collector = await bench.collector()
    await send(collector, [
      stepOf(1, 0, {
        attributes: [
          ['session.id', 's-1'],
          ['reprise.tag.env', 'prod'],
          ['tag.tags', { array: ['urgent'] }],
        ],
      }),
      stepOf(1, 1, {
        attributes: [
          ['gen_ai.request.model', 'gpt-5'],
          ['gen_ai.usage.cost', 0.25],
        ],
      }),
      stepOf(1, 2, {
        name: 'Ask Bob',
        attributes: [
          ['gen_ai.request.model', 'claude'],
          ['llm.cost.total', 0.5],
        ],
      }),
    ])
    await send(
      collector,
      [
        stepOf(2, 0),
        stepOf(2, 1, {
          attributes: [
            ['gen_ai.conversation.id', 'c-2'],
            ['gen_ai.request.model', 'gpt-5'],
          ],
        }),
      ],
      [['reprise.tag.env', 'dev']],
    )
    await expect.poll(async () => (await runsOf(collector, '')).length).toBe(2)
    const found = async (query: string): Promise<string[]> => await runsOf(collector, query)
    expect(await found('')).toEqual(['answer 2', 'answer 1'])
    expect(await found('model=gpt-5')).toEqual(['answer 2', 'answer 1'])
    expect(await found('model=claude')).toEqual(['answer 1'])
    expect(await found('model=claud')).toEqual([])
    expect(await found('session=s-1')).toEqual(['answer 1'])
    expect(await found('session=c-2')).toEqual(['answer 2'])
    expect(await found('tag=env')).toEqual(['answer 2', 'answer 1'])
    expect(await found('tag=env%3Dprod&tag=urgent')).toEqual(['answer 1'])
    expect(await found('tag=env%3Ddev&tag=urgent')).toEqual([])
    expect(await found('costMin=0.75&costMax=0.75')).toEqual(['answer 1'])
    expect(await found('costMin=0.76')).toEqual([])
    expect(await found('costMax=9')).toEqual(['answer 1'])
    expect(await found('text=ASK+bob')).toEqual(['answer 1'])
    expect(await found('name=answer+2')).toEqual(['answer 2'])
    expect(await found('namePrefix=ANSW&to=1970-01-01T00:00:02Z')).toEqual(['answer 1'])
    expect(await found('from=2000000000')).toEqual(['answer 2'])
    const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}`)
    expect(runSummarySchema.parse(body)).toMatchObject({
      session: 's-1',
      tags: ['env=prod', 'urgent'],
      cost: 0.75,
      models: ['claude', 'gpt-5'],
    })
  })

  it('keeps its pages while new runs arrive', async () => {
    const collector = await bench.collector()
    await send(
      collector,
      [1, 2, 3, 4, 5].map((run) => stepOf(run, 0)),
    )
    await expect.poll(async () => (await runsOf(collector, '')).length).toBe(5)
    const { body: first } = await getJson(collector, '/api/v1/runs?limit=2')
    await send(
      collector,
      [6, 7].map((run) => stepOf(run, 0)),
    )
    await expect.poll(async () => (await runsOf(collector, '')).length).toBe(7)
    expect(await runsOf(collector, `limit=2&cursor=${String(first['next'])}`)).toEqual(['answer 3', 'answer 2'])
    // A cursor of another list is none of this one.
    const { body: steps } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps?limit=1&cursor=${String(first['next'])}`)
    expect(steps).toMatchObject({ error: { code: 'invalid_argument', message: expect.stringContaining('cursor') } })
  })
})

it('says of a request target that is too long that it is', async () => {
  const { status, body } = await getJson(await bench.collector(), `/api/v1/runs?text=${'x'.repeat(5000)}`)
  expect(status).toBe(400)
  expect(JSON.stringify(body)).toContain('at most 4096 characters')
})

it('gives steps by window, one step, and bytes of an artifact by range', async () => {
  const collector = await bench.collector()
  const steps = Array.from({ length: 9 }, (_, step) =>
    stepOf(1, step, {
      ...(step === 4 && { status: { code: 2, message: 'no' } }),
      ...(step > 6 && { parentSpanId: spanOf(1, 6), name: `deep ${step}` }),
      attributes: [[ATTR.output, JSON.stringify(`0123456789 of ${step}`)]],
    }),
  )
  await send(collector, steps)
  await expect.poll(async () => (await runsOf(collector, '')).length).toBe(1)
  const sequences = async (query: string): Promise<unknown[]> => {
    const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps?${query}`)
    return API_SCHEMAS.StepList.parse(body).steps.map(({ core }) => core.sequence)
  }
  expect(await sequences('fromSequence=3&toSequence=5')).toEqual([3, 4, 5])
  expect(await sequences('status=error')).toEqual([4])
  expect(await sequences('kind=run')).toEqual([0])
  expect(await sequences('maxDepth=0')).toEqual([0])
  expect(await sequences('maxDepth=1')).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(await sequences('nameContains=DEEP')).toEqual([7, 8])
  expect(await sequences('from=1000000002&to=1000000004')).toEqual([2, 3])

  const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps/${spanOf(1, 7)}`)
  const [ref] = spanRecordSchema.parse(body).refs
  expect((await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps/${spanOf(1, 99)}`)).status).toBe(404)
  expect((await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps/x`)).status).toBe(400)

  const url = `${collector.url}/api/v1/artifacts/${ref!.digest}`
  const whole = await (await fetch(url)).text()
  expect(whole).toBe('"0123456789 of 7"')
  const part = await fetch(url, { headers: { range: 'bytes=1-10' } })
  expect({ status: part.status, range: part.headers.get('content-range'), text: await part.text() }).toEqual({
    status: 206,
    range: `bytes 1-10/${whole.length}`,
    text: '0123456789',
  })
  const beyond = await fetch(url, { headers: { range: 'bytes=100-' } })
  expect({ status: beyond.status, range: beyond.headers.get('content-range') }).toEqual({ status: 416, range: `bytes */${whole.length}` })
  expect(await beyond.json()).toMatchObject({ schema: 'reprise.error/1' })
  const etag = part.headers.get('etag')
  expect((await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': etag! } })).status).toBe(206)
  expect((await fetch(url, { headers: { range: 'bytes=0-0', 'if-range': '"other"' } })).status).toBe(200)
})

it('gives the log records of a run, of a step, and of a severity', async () => {
  const collector = await bench.collector()
  await send(collector, [stepOf(1, 0), stepOf(1, 1)])
  const logs = [
    bareLog({ traceId: traceOf(1), spanId: spanOf(1, 1), timeNanos: 30n, severityNumber: 17 }),
    bareLog({ traceId: traceOf(1), spanId: spanOf(1, 0), timeNanos: 10n, severityNumber: 9 }),
    bareLog({ traceId: traceOf(2), spanId: spanOf(2, 0), timeNanos: 20n }),
  ]
  const response = await fetch(`${collector.url}/v1/logs`, {
    method: 'POST',
    headers: PROTOBUF,
    body: new Uint8Array(writeLogs(logGroupOf(logs))),
  })
  expect(response.status).toBe(200)
  const times = async (query: string): Promise<unknown[]> =>
    API_SCHEMAS.LogList.parse((await getJson(collector, `/api/v1/runs/${traceOf(1)}/logs?${query}`)).body).logs.map(
      ({ core }) => core.timeNanos,
    )
  await expect.poll(async () => await times('')).toEqual(['10', '30'])
  expect(await times(`span=${spanOf(1, 1)}`)).toEqual(['30'])
  expect(await times('severityMin=17')).toEqual(['30'])
  expect(await times('limit=1')).toEqual(['10'])
  expect((await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body).toMatchObject({ logs: 2, steps: 2 })
  expect((await getJson(collector, `/api/v1/runs/${traceOf(1)}/logs?severityMin=0`)).status).toBe(400)
})

it('shows the messages of a model call on its step, where its sender put them on an event', async () => {
  const collector = await bench.collector()
  await send(collector, [stepOf(1, 0), stepOf(1, 1, { attributes: [['gen_ai.output.messages', '["of the span"]']] })])
  const event = (messages: string): ReturnType<typeof bareLog> =>
    bareLog({
      traceId: traceOf(1),
      spanId: spanOf(1, 1),
      timeNanos: 30n,
      eventName: 'gen_ai.client.inference.operation.details',
      attributes: [
        ['gen_ai.input.messages', messages],
        ['gen_ai.output.messages', '["of the event"]'],
        ['gen_ai.usage.input_tokens', { int: 3n }],
      ],
    })
  const logs = writeLogs(logGroupOf([event('["asked"]'), event('["asked later"]')]))
  expect((await fetch(`${collector.url}/v1/logs`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(logs) })).status).toBe(200)
  await expect.poll(async () => (await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body['logs']).toBe(2)
  const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps/${spanOf(1, 1)}`)
  const step = spanRecordSchema.parse(body)
  const contents = await Promise.all(
    step.refs.map(async ({ role, digest }) => [role, await (await fetch(`${collector.url}/api/v1/artifacts/${digest}`)).text()]),
  )
  expect(Object.fromEntries(contents)).toEqual({
    '/attributes/gen_ai.input.messages': '["asked"]',
    '/attributes/gen_ai.output.messages': '["of the span"]',
  })
  const { body: listed } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps?fromSequence=1`)
  expect(API_SCHEMAS.StepList.parse(listed).steps).toEqual([step])
})

describe('a run whose program is gone', () => {
  const pendingOf = (run: number, step: number, more: Sent = {}): ReturnType<typeof bareSpan> =>
    stepOf(run, step, { endNanos: 0n, ...more, attributes: [[ATTR.pending, true], ...(more.attributes ?? [])] })

  it('is interrupted, at its innermost open step, and says why; what comes later opens it again', async () => {
    const collector = await bench.collector()
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
    await once(child, 'spawn')
    const startNanos = BigInt(Date.now()) * 1_000_000n
    const resource: [string, string | { int: bigint }][] = [
      ['host.name', hostname()],
      ['process.pid', { int: BigInt(child.pid!) }],
      ['service.instance.id', 'sender one'],
    ]
    await send(
      collector,
      [
        pendingOf(1, 0, { startNanos }),
        pendingOf(1, 1, { startNanos: startNanos + 1n, name: 'outer' }),
        pendingOf(1, 2, { startNanos: startNanos + 2n, name: 'inner', parentSpanId: spanOf(1, 1) }),
      ],
      resource,
    )
    const run = async (): Promise<unknown> => (await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body
    await expect.poll(run).toMatchObject({ status: 'running', pending: 3, stage: { name: 'inner' } })
    await collector.checkSenders()
    expect(await run()).toMatchObject({ status: 'running' })

    child.kill('SIGKILL')
    await once(child, 'close')
    await collector.checkSenders()
    await expect
      .poll(run)
      .toMatchObject({ status: 'interrupted', interrupted: 'sender-gone', stage: { name: 'inner', spanId: spanOf(1, 2) }, gaps: 0 })
    expect(runSummarySchema.parse(await run())).not.toHaveProperty('endNanos')
    expect(await runsOf(collector, 'status=interrupted')).toEqual(['answer 1'])
    const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/gaps`)
    expect(API_SCHEMAS.RunGaps.parse(body).gaps.map(({ core }) => core)).toEqual([
      { schema: 'reprise.gap/1', namespace: 'local', runId: traceOf(1), reason: 'sender-gone', count: 3, sender: 'sender one' },
    ])
    // Found once, written once.
    await collector.checkSenders()
    await collector.checkSenders()

    await send(
      collector,
      [stepOf(1, 2, { startNanos: startNanos + 2n, endNanos: startNanos + 9n, name: 'inner', parentSpanId: spanOf(1, 1) })],
      resource,
    )
    await expect.poll(run).toMatchObject({ status: 'running', pending: 2, stage: { name: 'outer' } })
    await send(collector, [stepOf(1, 0, { startNanos, endNanos: startNanos + 9n })], resource)
    await expect.poll(run).toMatchObject({ status: 'ok' })
    await collector.checkSenders()
    await collector.close()
    const { lines } = await readTape(collector.store)
    const gaps = lines.map((line) => JSON.parse(line) as unknown).filter((record) => gapRecordSchema.safeParse(record).success)
    expect(gaps).toHaveLength(1)
  })

  it.each<[string, [string, string | { int: bigint }][]]>([
    [
      'of another machine',
      [
        ['host.name', 'elsewhere.example'],
        ['process.pid', { int: 999_999_999n }],
      ],
    ],
    ['without a process id', [['host.name', hostname()]]],
    ['of no machine', [['process.pid', { int: 999_999_999n }]]],
  ])('but %s stays running: nobody here can tell', async (_, resource) => {
    const collector = await bench.collector()
    await send(collector, [pendingOf(1, 0)], resource)
    await expect.poll(async () => (await runsOf(collector, 'status=running')).length).toBe(1)
    await collector.checkSenders()
    await collector.checkSenders()
    expect(await runsOf(collector, 'status=running')).toEqual(['answer 1'])
  })

  it('is not one whose clock was set forward since, so that its run seems to have started before it', async () => {
    const collector = await bench.collector()
    const resource: [string, string | { int: bigint }][] = [
      ['host.name', hostname()],
      ['process.pid', { int: BigInt(process.pid) }],
    ]
    await send(collector, [pendingOf(1, 1, { startNanos: BigInt(Date.now()) * 1_000_000n })], resource)
    const run = async (): Promise<unknown> => (await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body
    await expect.poll(run).toMatchObject({ status: 'running', pending: 1 })
    await collector.checkSenders()
    await send(collector, [pendingOf(1, 2)], resource)
    await expect.poll(run).toMatchObject({ status: 'running', pending: 2 })
    await collector.checkSenders()
    await collector.checkSenders()
    expect(await run()).toMatchObject({ status: 'running', startNanos: expect.stringMatching(/^[0-9]{1,10}$/) })
  })

  it('is told from a later process that got the same number', async () => {
    const collector = await bench.collector()
    // This process lives, but did not live in 1970.
    await send(
      collector,
      [pendingOf(1, 0)],
      [
        ['host.name', hostname()],
        ['process.pid', { int: BigInt(process.pid) }],
      ],
    )
    await expect.poll(async () => (await runsOf(collector, '')).length).toBe(1)
    await collector.checkSenders()
    await expect.poll(async () => await runsOf(collector, 'status=interrupted')).toEqual(process.platform === 'linux' ? ['answer 1'] : [])
  })
})

it('names batches that a sender numbered and that never came, until they come', async () => {
  const collector = await bench.collector()
  const batch = async (sequence: number): Promise<void> =>
    await send(
      collector,
      [stepOf(1, sequence)],
      [
        ['reprise.sender.id', 'sender one'],
        ['reprise.sender.sequence', { int: BigInt(sequence) }],
      ],
    )
  for (const sequence of [0, 1, 4, 6]) await batch(sequence)
  const missing = async (): Promise<unknown> =>
    API_SCHEMAS.RunGaps.parse((await getJson(collector, `/api/v1/runs/${traceOf(1)}/gaps`)).body).missingBatches
  await expect.poll(async () => (await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body['steps']).toBe(4)
  expect(await missing()).toEqual([
    { sender: 'sender one', from: 2, to: 3 },
    { sender: 'sender one', from: 5, to: 5 },
  ])
  await batch(3)
  await expect.poll(missing).toEqual([
    { sender: 'sender one', from: 2, to: 2 },
    { sender: 'sender one', from: 5, to: 5 },
  ])
})

it('describes itself: the OpenAPI document names every path that answers', async () => {
  const collector = await bench.collector()
  const { status, body } = await getJson(collector, '/api/v1/openapi.json')
  expect({ status, openapi: body['openapi'] }).toEqual({ status: 200, openapi: '3.1.1' })
  await send(collector, [stepOf(1, 0)])
  await expect.poll(async () => (await runsOf(collector, '')).length).toBe(1)
  const paths = Object.keys(body['paths'] as object)
  for (const path of paths.filter((each) => !each.includes('live') && !each.includes('digest'))) {
    const url = path.replace('{id}', traceOf(1)).replace('{span}', spanOf(1, 0))
    expect({ path, status: (await getJson(collector, url)).status }).toEqual({ path, status: 200 })
    const unknown = path.startsWith('/api/v1/runs') ? 400 : 200
    expect({ path, status: (await getJson(collector, `${url}?unknown=1`)).status }).toEqual({ path, status: unknown })
  }
  expect(paths).toHaveLength(13)
})
