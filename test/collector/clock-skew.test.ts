import { hostname } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { runSummarySchema, spanRecordSchema } from '../../src/schemas/public.ts'
import { checkStoreFolder, openStore } from '../../src/store/index.ts'
import { runCli } from '../cli/run-cli.ts'
import { bareSpan } from '../otlp/helpers.ts'
import { send, spanOf, traceOf } from './api-support.ts'
import { Bench, getJson, NO_THREADS, readTape } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(() => bench.tearDown())

const SECOND = 1_000_000_000n
const DAY = 86_400n * SECOND
/** What the clock of a sender says that is right. */
const NOW = BigInt(Date.now()) * 1_000_000n
const ownOf = (sequence: number): [string, string | { int: bigint }][] => [
  [ATTR.kind, sequence === 0 ? 'run' : 'tool'],
  [ATTR.fidelity, 'replayable'],
  [ATTR.sequence, { int: BigInt(sequence) }],
]

/** A step of the first run, whose sender's clock is so far off. */
function stepAt(step: number, skewNanos: bigint, more: Parameters<typeof bareSpan>[0] = {}): ReturnType<typeof bareSpan> {
  const startNanos = NOW + skewNanos + BigInt(step) * SECOND
  return bareSpan({
    traceId: traceOf(1),
    spanId: spanOf(1, step),
    parentSpanId: step === 0 ? '' : spanOf(1, 0),
    name: step === 0 ? 'the root' : `step ${step}`,
    startNanos,
    endNanos: startNanos + SECOND / 2n + (step === 0 ? 60n * SECOND : 0n),
    attributes: ownOf(step),
    ...more,
  })
}

async function runOf(collector: Collector): Promise<ReturnType<typeof runSummarySchema.parse>> {
  await collector.checkSenders()
  return runSummarySchema.parse((await getJson(collector, `/api/v1/runs/${traceOf(1)}`)).body)
}

async function stepsOf(collector: Collector): Promise<ReturnType<typeof spanRecordSchema.parse>[]> {
  const { body } = await getJson(collector, `/api/v1/runs/${traceOf(1)}/steps`)
  return (body['steps'] as unknown[]).map((step) => spanRecordSchema.parse(step))
}

describe.each([
  ['ahead', DAY],
  ['behind', -DAY],
])('a sender whose clock is a day %s', (_which, skew) => {
  it('changes neither the order of the steps nor the times of the run, and its own times are kept as told and marked', async () => {
    const collector = await bench.collector()
    // Children first, and the root last of all, each from a sender of its own.
    await send(collector, [stepAt(2, skew), stepAt(1, 0n)])
    await send(collector, [stepAt(3, 0n)])
    await send(collector, [stepAt(0, 0n)])
    const run = await runOf(collector)
    expect(run).toMatchObject({
      name: 'the root',
      status: 'ok',
      steps: 4,
      startNanos: String(NOW),
      endNanos: String(NOW + 60n * SECOND + SECOND / 2n),
    })
    const steps = await stepsOf(collector)
    expect(steps.map(({ core }) => core.stepName)).toEqual(['the root', 'step 1', 'step 2', 'step 3'])
    expect(steps.map(({ core }) => BigInt(core.startNanos) - NOW)).toEqual([0n, SECOND, skew + 2n * SECOND, 3n * SECOND])
    // The run is found by the time of its root, not by that of a step.
    const found = async (from: bigint, to: bigint): Promise<number> =>
      ((await getJson(collector, `/api/v1/runs?from=${from}&to=${to}`)).body['runs'] as unknown[]).length
    expect(await found(NOW - SECOND, NOW + SECOND)).toBe(1)
    expect(await found(NOW + skew - SECOND, NOW + skew + 5n * SECOND)).toBe(0)
    const shown = (await runCli(['show', traceOf(1), '--store', collector.store])).stdout.split('\n')
    const marked = shown.filter((line) => line.includes('its parent'))
    expect(marked).toHaveLength(1)
    expect(marked[0]).toContain('step 2')
    expect(marked[0]).toMatch(
      skew < 0n ? /starts 23 h 59 min before its parent: another clock/ : /starts 23 h 59 min after its parent has ended/,
    )

    await collector.close()
    const store = await openStore(collector.store, { mode: 'write' })
    await store.reindex()
    expect(store.index.readRun(traceOf(1))).toEqual(run)
    await store.close()
    expect((await checkStoreFolder(collector.store)).problems).toEqual([])
  })

  it('is not taken for one that is gone, nor for one that has been silent for a day', async () => {
    const collector = await bench.collector()
    const pending = stepAt(0, skew, { attributes: [...ownOf(0), [ATTR.pending, true]], endNanos: 0n })
    // Of another machine: whether it lives cannot be looked up, only how long nothing has come.
    await send(collector, [pending], [['host.name', `not ${hostname()}`]])
    for (let look = 0; look < 3; look++) expect(await runOf(collector)).toMatchObject({ status: 'running' })
    await send(collector, [stepAt(0, skew)])
    expect(await runOf(collector)).toMatchObject({ status: 'ok', startNanos: String(NOW + skew) })
  })
})

it('a step that is sent three times, early and late, is there once; one with the same id and other content does not replace it', async () => {
  const collector = await bench.collector()
  const step = stepAt(1, -DAY)
  for (let time = 0; time < 3; time++) {
    await send(collector, [step])
    if (time === 1) await send(collector, [stepAt(0, 0n)])
  }
  await send(collector, [{ ...step, name: 'another story', startNanos: NOW, endNanos: NOW + 1n }])
  expect(await runOf(collector)).toMatchObject({ steps: 2, stepsByKind: { run: 1, tool: 1 } })
  expect((await stepsOf(collector)).map(({ core }) => core.stepName)).toEqual(['the root', 'step 1'])
  await collector.close()
  // All that was said stays on the tape.
  const told = (await readTape(collector.store)).spans.map(({ core }) => core.stepName)
  expect(told.filter((name) => name === 'step 1')).toHaveLength(3)
  expect(told).toContain('another story')
})

it('times that make no sense are kept and told: an end before the start, 1970, and the last nanosecond that a number holds', async () => {
  const collector = await bench.collector()
  const last = 2n ** 64n - 1n
  await send(collector, [
    stepAt(0, 0n),
    stepAt(1, 0n, { startNanos: NOW, endNanos: NOW - DAY }),
    stepAt(2, 0n, { startNanos: 1n, endNanos: 2n }),
    stepAt(3, 0n, { startNanos: last, endNanos: last }),
  ])
  expect(await runOf(collector)).toMatchObject({ steps: 4, status: 'ok', startNanos: String(NOW) })
  const steps = await stepsOf(collector)
  expect(steps.map(({ core }) => [core.startNanos, core.endNanos]).slice(1)).toEqual([
    [String(NOW), String(NOW - DAY)],
    ['1', '2'],
    [String(last), String(last)],
  ])
  const shown = await runCli(['show', traceOf(1), '--store', collector.store])
  expect(shown.code).toBe(0)
  expect(shown.stdout).toContain('ends before it starts')
  expect((await runCli(['runs', '--store', collector.store])).code).toBe(0)
})
