import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { WireSpan } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { flush, type RecorderHandle, type RecorderOptions, startRecorder, tool } from '../../src/sdk/index.ts'
import { freePort, spooledSpans } from './exit-programs.ts'
import { attributesOf, type FakeCollector, startFakeCollector } from './fake-collector.ts'

let store: string
let port: number
let recorder: RecorderHandle
let collector: FakeCollector | undefined
const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)

beforeEach(async () => {
  store = mkdtempSync(join(tmpdir(), 'reprise-spill-'))
  port = await freePort()
  const runtime: unknown = Reflect.get(globalThis, Symbol.for('reprise.runtime/1'))
  Reflect.set(runtime as object, 'warned', false)
  stderr.mockClear()
})
afterEach(async () => {
  await recorder.stop()
  await collector?.close()
  collector = undefined
  rmSync(store, { recursive: true, force: true })
})

function start(options: RecorderOptions = {}): void {
  recorder = startRecorder({
    endpoint: `http://127.0.0.1:${port}`,
    store,
    flushIntervalMillis: 3_600_000,
    flushTimeoutMillis: 2000,
    queueMaxBytes: 1024 * 1024,
    spool: true,
    exitTimeoutMillis: 5_000,
    ...options,
  })
}

const one = tool((value: unknown) => value, { name: 'one' })

/** Calls with a payload of about a KiB each, in turns. */
async function calls(count: number, secret = 'jane@example.org'): Promise<void> {
  for (let index = 0; index < count; index++) {
    one({ index, text: `${'x'.repeat(400)} mail ${secret}` })
    if (index % 20 === 19) await turn()
  }
}

/** Different steps, announcements aside, and steps that a gap notice counts as given up. */
function told(spans: readonly WireSpan[]): { steps: number; whole: number; lost: number } {
  const steps = new Set<string>()
  let lost = 0
  let whole = 0
  for (const span of spans) {
    const attributes = attributesOf(span)
    if (attributes[ATTR.gapReason] !== undefined) lost += Number(attributes[ATTR.gapCount])
    else if (!steps.has(span.spanId)) {
      steps.add(span.spanId)
      if (attributes[ATTR.input] !== undefined) whole++
    }
  }
  return { steps: steps.size, whole, lost }
}

const files = (): string[] => readdirSync(join(store, 'spool')).filter((name) => name.endsWith('.spool'))

// The thread that spools gives way to everything else: where a machine is busy, it may hardly run for a while.
vi.setConfig({ testTimeout: 120_000 })

describe('while nobody answers', () => {
  test('the oldest steps go to the spool, redacted, for this user alone, and what is kept, spooled and lost is all there was', async () => {
    start()
    await calls(8_000)
    const report = await flush()
    expect(report.spooled).toBeGreaterThan(0)
    // The program goes on, and they are on the disk.
    expect(files().length).toBeGreaterThan(1)
    for (const name of files()) expect(statSync(join(store, 'spool', name)).mode & 0o777).toBe(0o600)
    const bytes = files().map((name) => readFileSync(join(store, 'spool', name), 'latin1'))
    expect(bytes.some((text) => text.includes('jane@'))).toBe(false)
    expect(bytes.some((text) => /<email:[0-9a-f]{12}>/.test(text))).toBe(true)
    const before = told(spooledSpans(store))
    expect([before.steps, before.lost]).toEqual([report.spooled, 0])
    expect(before.steps + report.dropped + report.failed).toBe(8_000)
    await recorder.stop()
    const { steps, lost } = told(spooledSpans(store))
    expect(steps + lost).toBe(8_000)
  })

  test.skipIf(process.platform !== 'linux')('what spools gives way to the program', async () => {
    // The nineteenth field, counted after the name, which may hold anything.
    const niceOf = (task: string): number => Number(readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[16])
    const polite = (): string[] => readdirSync('/proc/self/task').filter((task) => niceOf(task) === 10)
    // Of the test before, one may still be about to end.
    const before = new Set(polite())
    start()
    await calls(4_000)
    const spooling = flush()
    let found: string[] = []
    for (let waited = 0; waited < 400 && found.length === 0; waited++) {
      await pause(10)
      found = polite().filter((task) => !before.has(task))
    }
    expect(found).toHaveLength(1)
    expect(niceOf(String(process.pid))).toBeLessThan(10)
    expect((await spooling).spooled).toBeGreaterThan(0)
  })

  test('they come back when a collector does, whole, and nothing of them is left', async () => {
    start({ flushIntervalMillis: 50 })
    await calls(4_000)
    await flush()
    expect(files().length).toBeGreaterThan(0)
    const there = await startFakeCollector({ port })
    collector = there
    for (let waited = 0; waited < 400 && (files().length > 0 || told(there.spans).steps + told(there.spans).lost < 4_001); waited++) {
      one('wake up')
      await pause(50)
      await flush()
      if (told(there.spans).steps >= 4_000 && files().length === 0) break
    }
    expect(files()).toEqual([])
    const { lost } = told(there.spans)
    const seen = new Set(
      there.spans
        .map((span) => ({ spanId: span.spanId, attributes: attributesOf(span) }))
        .filter(({ attributes }) => attributes[ATTR.gapReason] === undefined && attributes[ATTR.input] !== '["wake up"]')
        .map(({ spanId }) => spanId),
    )
    expect(seen.size + lost).toBe(4_000)
    expect(seen.size).toBeGreaterThan(0)
  })

  test('the thread that spools is not ended by force', async () => {
    const ends: Promise<unknown[]>[] = []
    const note = (thread: Worker): void => void ends.push(once(thread, 'exit'))
    process.on('worker', note)
    try {
      start()
      await calls(8_000)
    } finally {
      process.off('worker', note)
    }
    await recorder.stop()
    expect(await Promise.all(ends)).toEqual([[0]])
  })

  test('and the spool is bounded, its oldest files give way, and are counted', async () => {
    start({ spoolMaxBytes: 512 * 1024, queueMaxBytes: 256 * 1024 })
    await calls(6_000)
    const report = await flush()
    expect(report.spooled).toBeGreaterThan(0)
    await calls(1_000)
    await flush()
    const bytes = files().reduce((sum, name) => sum + statSync(join(store, 'spool', name)).size, 0)
    expect(bytes).toBeLessThan(600 * 1024)
    await recorder.stop()
    const { steps, lost } = told(spooledSpans(store))
    expect(lost).toBeGreaterThan(0)
    expect(steps + lost).toBe(7_000)
  })

  test('nothing touches the disk where there is no spool', async () => {
    start({ spool: false })
    await calls(4_000)
    const report = await flush()
    expect(report.spooled).toBe(undefined)
    expect(readdirSync(store)).toEqual([])
    expect(report.failed + report.dropped).toBe(4_000)
  })

  test('a spool that takes nothing costs no more than what does not fit into memory', async () => {
    mkdirSync(join(store, 'file'))
    writeFileSync(join(store, 'file', 'spool'), '')
    start({ spoolFolder: join(store, 'file', 'spool') })
    await calls(4_000)
    const report = await flush()
    expect(report.spooled).toBe(undefined)
    expect(report.failed + report.dropped).toBe(4_000)
    expect(stderr.mock.calls.flat().join('')).toContain('nothing can be spooled while the program runs')
  })
})

test('where little waits nothing is spooled before the end', async () => {
  start()
  await calls(100)
  expect((await flush()).spooled).toBe(undefined)
  expect(readdirSync(store)).toEqual([])
})
