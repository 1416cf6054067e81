import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { unavailable } from '../../src/collector/http/refusal.ts'
import { type BodyThreadEvents, startBodyThread } from '../../src/collector/pipeline/body-threads.ts'
import type { Signal } from '../../src/collector/pipeline/signals.ts'
import type { BodyJob, WorkerSetup } from '../../src/collector/pipeline/worker-messages.ts'
import { type Part, WorkerPool, type WorkerPoolOptions } from '../../src/collector/pipeline/worker-pool.ts'
import { sizeOfBatch } from '../../src/store/index.ts'
import { resourceSpans } from '../otlp/arbitraries.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { unpackBatch } from '../store/support/unpack.ts'
import { until } from './support.ts'

const SETUP: WorkerSetup = { namespace: 'local', redactionKey: new Uint8Array(32).fill(7), decodedMaxBytes: 64 * 1024 * 1024 }
const REFUSED = unavailable('store_refused', 'not now', 5).toData()
const pools: WorkerPool[] = []

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})

interface Harness {
  readonly pool: WorkerPool
  /** Lines and payloads of every part, in the order in which they reached the store. */
  readonly parts: ReturnType<typeof unpackBatch>[]
  readonly deaths: { reason: string; lostJobs: number }[]
}

function harness(threads: number, options: Partial<WorkerPoolOptions> = {}): Harness {
  const parts: Harness['parts'] = []
  const deaths: Harness['deaths'] = []
  const pool = new WorkerPool({
    setup: SETUP,
    threads,
    partsMaxBytes: 16 * 1024 * 1024,
    partBytes: ({ batch }) => sizeOfBatch(batch),
    store: (part) => {
      parts.push(unpackBatch(part.batch))
      return Promise.resolve(undefined)
    },
    onDeath: (reason, lostJobs) => void deaths.push({ reason, lostJobs }),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    ...options,
  })
  pools.push(pool)
  return { pool, parts, deaths }
}

let nextId = 0
/** A job over a copy of the body, which is handed over. */
function jobOf(body: Uint8Array, signal: Signal = 'traces'): BodyJob {
  return { id: nextId++, signal, encoding: 'protobuf', contentEncoding: 'identity', body: new Uint8Array(body) }
}

const spanOf = (number: number, text = ''): ReturnType<typeof bareSpan> =>
  bareSpan({ spanId: (number + 1).toString(16).padStart(16, '0'), attributes: [['text', text]] })
const bodyOf = (...spans: ReturnType<typeof bareSpan>[]): Uint8Array => writeTraces(groupOf(spans))

/** Salts and what they make are the one exception to "same input, same bytes". */
const withoutSalts = (line: string): string =>
  line.replaceAll(/"commitment":"[0-9a-f]{64}"/g, '"commitment":""').replaceAll(/"salt":"[0-9a-f]{64}"/g, '"salt":""')

const spanIdsOf = ({ records }: ReturnType<typeof unpackBatch>): string[] =>
  records.map(({ line }) => (JSON.parse(line) as { core: { spanId: string } }).core.spanId)

describe('the same body', () => {
  it('gives the same bytes in a thread, in another, and on the event loop, whatever came before', { timeout: 60_000 }, async () => {
    const threaded = harness(2)
    const inline = harness(0)
    await fc.assert(
      fc.asyncProperty(fc.array(resourceSpans, { minLength: 1, maxLength: 4 }), async (bodies) => {
        const encoded = bodies.map(writeTraces)
        for (const { pool, parts } of [threaded, inline]) {
          parts.length = 0
          // Each twice, so that caches are warm for the second, and at the same time, so that both threads have some.
          const outcomes = await Promise.all([...encoded, ...encoded].map((body) => pool.run(jobOf(body))))
          for (const outcome of outcomes) expect(outcome).toHaveProperty('finished')
        }
        const seen = [threaded, inline].map(({ parts }) => ({
          lines: parts.flatMap(({ records }) => records.map(({ line }) => withoutSalts(line))).sort(),
          blobs: new Map(parts.flatMap(({ blobs }) => blobs.map(({ digest, data }) => [digest, Buffer.from(data).toString('hex')]))),
        }))
        expect(seen[0]!.lines).toEqual(seen[1]!.lines)
        expect(new Map([...seen[0]!.blobs].sort())).toEqual(new Map([...seen[1]!.blobs].sort()))
        // Each body came twice.
        for (const [line, count] of countsOf(seen[0]!.lines)) expect([line, count % 2]).toEqual([line, 0])
      }),
      { numRuns: 40 },
    )
  })
})

function countsOf(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

describe('order', () => {
  it('of one worker is that of coming, within a body and among bodies', async () => {
    const { pool, parts } = harness(1)
    const bodies = Array.from({ length: 50 }, (_, index) => bodyOf(spanOf(index * 3), spanOf(index * 3 + 1), spanOf(index * 3 + 2)))
    await Promise.all(bodies.map((body) => pool.run(jobOf(body))))
    expect(parts.flatMap(spanIdsOf)).toEqual(Array.from({ length: 150 }, (_, index) => (index + 1).toString(16).padStart(16, '0')))
  })

  it('of a large body holds over its parts, each of which waits for the one before to be stored', { timeout: 30_000 }, async () => {
    const stored: string[][] = []
    let waiting = 0
    const { pool } = harness(1, {
      store: async (part) => {
        expect(++waiting).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        stored.push(spanIdsOf(unpackBatch(part.batch)))
        waiting--
        return undefined
      },
    })
    const spans = Array.from({ length: 6_000 }, (_, index) => spanOf(index, `${index} ${'x'.repeat(2_500)}`))
    expect(await pool.run(jobOf(bodyOf(...spans)))).toMatchObject({ finished: { rejected: 0 } })
    expect(stored.length).toBeGreaterThan(2)
    expect(stored.flat()).toEqual(spans.map(({ spanId }) => spanId))
  })
})

describe('a store that refuses', () => {
  it('a part of a body has that body refused and its rest dropped, and the next body is taken', { timeout: 30_000 }, async () => {
    const seen: Part[] = []
    const { pool } = harness(1, { store: (part) => Promise.resolve(seen.push(part) === 1 ? REFUSED : undefined) })
    const large = bodyOf(...Array.from({ length: 6_000 }, (_, index) => spanOf(index, `${index} ${'x'.repeat(2_500)}`)))
    const [first, second] = await Promise.all([pool.run(jobOf(large)), pool.run(jobOf(bodyOf(spanOf(1))))])
    expect(first).toEqual({ refusal: REFUSED })
    expect(second).toMatchObject({ finished: { rejected: 0 } })
    // The first part of the large body, and what the small one was in: nothing of the rest.
    expect(seen.reduce((sum, { counts }) => sum + counts.records, 0)).toBeLessThan(3_000)
  })

  it('or is slow gets no more than the bound, and everything once it goes on', { timeout: 30_000 }, async () => {
    const releases: (() => void)[] = []
    let bytes = 0
    let most = 0
    const { pool } = harness(2, {
      partsMaxBytes: 500_000,
      store: async (part) => {
        bytes += sizeOfBatch(part.batch)
        most = Math.max(most, bytes)
        await new Promise<void>((resolve) => releases.push(resolve))
        bytes -= sizeOfBatch(part.batch)
        return undefined
      },
    })
    // Unlike one another, so that each has a payload of its own.
    const body = (number: number): Uint8Array => bodyOf(spanOf(number, `${number} ${'y'.repeat(200_000)}`))
    const all = Array.from({ length: 60 }, (_, index) => pool.run(jobOf(body(index))))
    await until('the bound to be reached', () => bytes >= 500_000)
    await new Promise((resolve) => setTimeout(resolve, 200))
    // What the two workers had been given already may come on top: two messages each of at most 256 KiB, or one body.
    expect(most).toBeLessThan(500_000 + 4 * 300_000)
    const stop = setInterval(() => {
      for (const release of releases.splice(0)) release()
    }, 5)
    expect(await Promise.all(all)).toHaveLength(60)
    clearInterval(stop)
    expect(pool.partsBytes).toBe(0)
  })
})

describe('a body that cannot be read', () => {
  it('is refused alone; those that came in the same message are kept', async () => {
    const { pool, parts } = harness(1)
    const bad = Buffer.from([0x0a, 0x7f, 0x01])
    const outcomes = await Promise.all([bodyOf(spanOf(1)), bad, bodyOf(spanOf(2))].map((body) => pool.run(jobOf(body))))
    expect(outcomes.map((outcome) => ('refusal' in outcome ? outcome.refusal.status : 200))).toEqual([200, 400, 200])
    expect(parts.flatMap(spanIdsOf)).toHaveLength(2)
  })
})

describe('a worker that dies', () => {
  /** Threads that are real but for dying when they are told to. */
  function mortal(): { start: typeof startBodyThread; kill: (reason: string) => void; started: () => number } {
    const running: BodyThreadEvents[] = []
    let doomed = ''
    return {
      start: (setup, name, events) => {
        const thread = startBodyThread(setup, name, events)
        running.push(events)
        return {
          send: (message) => {
            if (doomed === '') return thread.send(message)
            const reason = doomed
            doomed = ''
            void thread.close().then(() => events.onDeath(reason))
          },
          close: () => thread.close(),
        }
      },
      kill: (reason) => void (doomed = reason),
      started: () => running.length,
    }
  }

  it('has what it was given answered with 503, is started again, and the same bodies are taken then', async () => {
    const threads = mortal()
    const { pool, parts, deaths } = harness(1, { startThread: threads.start })
    expect(await pool.run(jobOf(bodyOf(spanOf(1))))).toHaveProperty('finished')
    threads.kill('ERR_WORKER_OUT_OF_MEMORY')
    const lost = await pool.run(jobOf(bodyOf(spanOf(2))))
    expect(lost).toMatchObject({ refusal: { status: 503, reason: 'worker_died', headers: { 'Retry-After': '1' } } })
    expect(deaths).toEqual([{ reason: 'ERR_WORKER_OUT_OF_MEMORY', lostJobs: 1 }])
    expect(await pool.run(jobOf(bodyOf(spanOf(2))))).toHaveProperty('finished')
    expect(threads.started()).toBe(2)
    expect(parts.flatMap(spanIdsOf)).toEqual(['0000000000000002', '0000000000000003'])
  })

  it('again and again is started more slowly, and nothing that waits is lost', async () => {
    const threads = mortal()
    const { pool, deaths } = harness(1, { startThread: threads.start })
    for (let round = 0; round < 3; round++) {
      threads.kill('exit')
      expect(await pool.run(jobOf(bodyOf(spanOf(round))))).toHaveProperty('refusal')
    }
    expect(deaths).toHaveLength(3)
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => pool.run(jobOf(bodyOf(spanOf(index))))))
    for (const outcome of outcomes) expect(outcome).toHaveProperty('finished')
  })

  it('for real, when it cannot even start, is told by a word that quotes nothing', async () => {
    const reason = await new Promise<string>((resolve) => {
      // A namespace that cannot be written makes the thread throw.
      startBodyThread({ ...SETUP, namespace: '\ud800' }, 'doomed', { onMessage: () => undefined, onDeath: resolve })
    })
    expect(reason).toMatch(/^[A-Za-z_]+$/)
  })
})

describe('closing', () => {
  it('answers what waits with 503 and takes nothing more', async () => {
    const { pool } = harness(1, { store: () => new Promise(() => undefined) })
    const waiting = Array.from({ length: 5 }, (_, index) => pool.run(jobOf(bodyOf(spanOf(index)))))
    await pool.close()
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ refusal: { status: 503, reason: 'closing' } })
    expect(await pool.run(jobOf(bodyOf(spanOf(9))))).toMatchObject({ refusal: { status: 503 } })
  })
})
