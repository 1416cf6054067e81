import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Collector, startCollector } from '../../src/collector/index.ts'
import type { SpanRecord } from '../../src/schemas/index.ts'
import { flush, instrument, type RecorderHandle, startRecorder, tool } from '../../src/sdk/index.ts'

// Before anything is loaded, since the recorder keeps the clock that it finds.
const clock = vi.hoisted(() => {
  const real = Date.now.bind(Date)
  const set = { aheadMillis: 0 }
  Date.now = () => real() + set.aheadMillis
  return set
})

const DAY = 24 * 3_600_000
let folder: string
let collector: Collector
let recorder: RecorderHandle
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-clock-'))
  collector = await startCollector({ store: join(folder, 'store'), port: 0, log: () => undefined })
  recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000 })
})
afterEach(async () => {
  await recorder.stop()
  await collector.close()
  clock.aheadMillis = 0
  rmSync(folder, { recursive: true, force: true })
})

async function stepsOf(name: string): Promise<SpanRecord['core'][]> {
  for (let tries = 0; tries < 300; tries++) {
    const { runs } = (await (await fetch(`${collector.url}/api/v1/runs?nameContains=${name}`)).json()) as { runs: { id: string }[] }
    if (runs[0] !== undefined) {
      const answer = await fetch(`${collector.url}/api/v1/runs/${runs[0].id}/steps`)
      const { steps } = (await answer.json()) as { steps: SpanRecord[] }
      if (steps.every(({ core }) => core.endNanos !== undefined)) return steps.map(({ core }) => core)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`no run ${name}`)
}

test('a clock that jumps a day ahead, two days back and again ahead leaves every duration and the order of a run true', async () => {
  const jump = tool(
    async (aheadMillis: number) => {
      clock.aheadMillis = aheadMillis
      await new Promise((resolve) => setTimeout(resolve, 5))
      return Date.now()
    },
    { name: 'jump' },
  )
  const jumps = [DAY, -DAY, 3 * DAY, 0]
  const began = performance.now()
  const seen: number[] = []
  await instrument(
    async () => {
      for (const aheadMillis of jumps) {
        seen.push(await jump(aheadMillis))
        // What is sent meanwhile is timed as well.
        expect((await flush()).failed).toBe(0)
      }
    },
    { name: 'jumpy' },
  )()
  const tookMillis = performance.now() - began
  expect((await flush()).failed).toBe(0)
  // The clock did jump, as the program saw.
  expect((seen[0] ?? 0) - (seen[1] ?? 0)).toBeGreaterThan(DAY)
  const steps = await stepsOf('jumpy')
  expect(steps).toHaveLength(5)
  const [run, ...calls] = steps
  const nanos = (text: string | undefined): bigint => BigInt(text ?? '-1')
  let before = nanos(run?.startNanos)
  for (const { startNanos, endNanos } of calls) {
    expect(nanos(startNanos)).toBeGreaterThanOrEqual(before)
    expect(nanos(endNanos)).toBeGreaterThan(nanos(startNanos))
    before = nanos(endNanos)
  }
  expect(nanos(run?.endNanos)).toBeGreaterThanOrEqual(before)
  expect(Number((nanos(run?.endNanos) - nanos(run?.startNanos)) / 1_000_000n)).toBeLessThanOrEqual(Math.ceil(tookMillis))
})

test('a run that starts after the jump has the time of then', async () => {
  clock.aheadMillis = DAY
  const around = Date.now()
  await instrument(async () => await Promise.resolve(), { name: 'later' })()
  await flush()
  const [run] = await stepsOf('later')
  const startMillis = Number(BigInt(run?.startNanos ?? '0') / 1_000_000n)
  expect(Math.abs(startMillis - around)).toBeLessThan(60_000)
  expect((await fetch(`${collector.url}/readyz`)).status).toBe(200)
})
