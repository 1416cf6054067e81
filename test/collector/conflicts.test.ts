import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { createRedactor } from '../../src/redaction/index.ts'
import { API_SCHEMAS } from '../../src/schemas/public.ts'
import { redactBody } from '../../src/sdk/spool/redact-body.ts'
import { runCli } from '../cli/run-cli.ts'
import { groupOf, writeTraces } from '../otlp/helpers.ts'
import { type Sent, spanOf, stepOf, traceOf } from './api-support.ts'
import { Bench, getJson, NO_THREADS, post, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

const bodyOf = (more: Sent = {}): Uint8Array =>
  writeTraces(
    groupOf([stepOf(1, 0), stepOf(1, 1, { ...more, attributes: [['gen_ai.prompt', 'to anna@example.com'], ...(more.attributes ?? [])] })]),
  )

async function take(collector: Collector, ...bodies: readonly Uint8Array[]): Promise<Record<string, unknown>> {
  for (const body of bodies) expect((await post(collector, body)).status).toBe(200)
  // What the index knows is a moment behind what is acknowledged.
  await collector.checkSenders()
  return (await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body
}

it('a span that is sent three times and then with other content is kept twice, and the run says so wherever it is shown', async () => {
  const collector = await bench.collector()
  const same = bodyOf()
  expect(await take(collector, same, same, same)).not.toHaveProperty('conflicts')
  const other = bodyOf({ name: 'another', status: { code: 2, message: 'failed' } })
  expect(await take(collector, other, same, other)).toMatchObject({ conflicts: 1, steps: 2, errors: 0 })
  expect(collector.stats()).toMatchObject({ received: 12, accepted: 12, rejected: 0 })

  const { conflicts } = API_SCHEMAS.RunConflicts.parse((await getJson(collector, `/api/v1/runs/${traceOf(1)}/conflicts`)).body)
  expect(conflicts).toMatchObject([
    {
      spanId: spanOf(1, 1),
      differs: ['/status/code', '/status/message', '/name', '/stepName'],
      record: { core: { name: 'another', status: { code: 'error', message: 'failed' } } },
    },
  ])
  expect((await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps/${spanOf(1, 1)}`)).body).toMatchObject({ core: { name: 'lookup' } })
  expect((await getJson(collector, `/api/v1/runs/${traceOf(2)}/conflicts`)).status).toBe(404)

  const store = ['--store', collector.store]
  expect((await runCli(['runs', ...store])).stdout).toMatch(/ok, conflicts/)
  const shown = (await runCli(['show', traceOf(1), ...store])).stdout
  expect(shown).toContain('contradicted: 1 record of a step that had ended; the first stands')
  expect(shown).toMatch(new RegExp(`step ${spanOf(1, 1)}: group \\d+ line \\d+ differs in /status/code, /status/message, /name, /stepName`))
  expect((await runCli(['show', traceOf(1), '--json', ...store])).stdout).toContain('"schema":"reprise.run-conflicts/1"')
  const verified = await runCli(['verify', ...store])
  expect(verified).toMatchObject({ code: 0 })
  expect(verified.stdout).toContain('1 record of a step that had ended with other content')
})

it('what a program redacted itself, after it had been stored but not acknowledged, is no contradiction', async () => {
  const collector = await bench.collector()
  const redactor = createRedactor({ key: randomBytes(32) })
  const spooled = redactBody(bodyOf(), redactor)
  expect(await take(collector, bodyOf(), spooled.body)).not.toHaveProperty('conflicts')
  await until('the redaction', async () => Number((await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body['redactions']) > 0)
  // That it can be seen at all.
  expect(await take(collector, redactBody(bodyOf({ endNanos: 9_000_000_000n }), redactor).body)).toMatchObject({ conflicts: 1 })
})
