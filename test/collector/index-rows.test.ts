import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyWorker } from '../../src/collector/pipeline/body-worker.ts'
import { createPrepareContext, prepareTraces } from '../../src/collector/pipeline/prepare.ts'
import { decodeTraces, type WireAttribute, type WireResourceSpans, type WireSpan, type WireValue } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { LineScanner } from '../../src/store/index/line-scanner.ts'
import { FACT_KEYS } from '../../src/store/index/step-facts.ts'
import { StepRowsReader, stepsOf } from '../../src/store/index/step-rows.ts'
import { openStore, type PackedBatch } from '../../src/store/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { failing, redactor } from './pipeline-support.ts'

const SECRET = 'write to jane.doe@example.org'
const text = fc.oneof(
  fc.constantFrom(
    'gpt-5',
    'ERROR',
    '{"input":2,"output":1}',
    SECRET,
    '"',
    '\\',
    'é日😀',
    '',
    '日'.repeat(200),
    'x'.repeat(3000),
    'boom',
    '"gen_ai.request.model":"z"',
  ),
  fc.string({ maxLength: 9 }),
)
const value: fc.Arbitrary<WireValue> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: fc.bigInt({ min: -9n, max: 2n ** 63n - 1n }).map((int) => ({ int })) },
  { weight: 2, arbitrary: fc.oneof(fc.double(), fc.constantFrom(0, -0, 2, 0.5, Number.NaN, Number.POSITIVE_INFINITY)) },
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }).map((array) => ({ array })),
  text.map((inner) => ({ kvlist: [['gen_ai.request.model', inner]] as [string, WireValue][] })),
)
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FACT_KEYS.map((fact) => fact.key)) },
  fc.constantFrom(
    'langfuse.observation.level',
    'reprise.tag.env',
    'reprise.tag.',
    `reprise.tag.${SECRET}`,
    '__proto__',
    SECRET,
    ATTR.sequence,
    'llm.prompts.0.content',
  ),
)
const attributes = fc.array(fc.tuple(key, value), { maxLength: 6 }) as fc.Arbitrary<WireAttribute[]>
const id = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((bits) => Buffer.from(bits).fill(1, 0, 1).toString('hex'))
const nanos = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constant(1_790_000_000_000_000_000n))
const span: fc.Arbitrary<WireSpan> = fc
  .record({
    traceId: fc.oneof(id(16), fc.constantFrom('1'.repeat(32), 'f'.repeat(32))),
    spanId: fc.oneof(id(8), fc.constant('f'.repeat(16))),
    parentSpanId: fc.oneof(id(8), fc.constant('')),
    name: text.filter((name) => name !== ''),
    startNanos: nanos,
    endNanos: nanos,
    attributes,
    status: fc.record({ code: fc.nat(2), message: text }),
  })
  .map((fields) => bareSpan(fields))
const group: fc.Arbitrary<WireResourceSpans> = fc
  .tuple(fc.array(span, { minLength: 1, maxLength: 5 }), attributes, fc.constantFrom(...['a', SECRET, 'boom']))
  .map(([spans, shared, service]) => {
    const made = groupOf(spans)[0]!
    return { ...made, resource: { ...made.resource, attributes: [['service.name', service], ...shared] } }
  })

/** What reading the lines gives, and what came beside them. */
function bothOf({ lines, rows }: PackedBatch): { read: unknown[]; told: unknown[] | undefined } {
  const scanner = new LineScanner()
  const read = [...lines.ends].map((end, index) => scanner.read(Buffer.from(lines.bytes), lines.ends[index - 1] ?? 0, end - 1))
  if (rows === undefined) return { read, told: undefined }
  const reader = new StepRowsReader()
  reader.start(structuredClone(rows))
  return { read, told: Array.from({ length: stepsOf(rows) }, () => reader.next()) }
}

test('the rows that come beside spans are those that reading their records gives, whatever was redacted, withheld or left out', () => {
  let told = 0
  for (const use of [redactor, failing]) {
    const context = createPrepareContext({ namespace: 'local', redactor: use })
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 2 }), (groups) => {
        const { packed } = prepareTraces(decodeTraces(writeTraces(groups), 'protobuf'), context)
        const both = bothOf(packed)
        if (both.told === undefined) return
        told += both.told.length
        expect(both.told).toEqual(both.read)
      }),
      { numRuns: 120 },
    )
  }
  expect(told).toBeGreaterThan(200)
})

test('spans of our SDK, pending and in order, come with their rows; a batch with a record of another kind comes without any', async () => {
  const own = (more: readonly WireAttribute[]): WireSpan =>
    bareSpan({
      attributes: [[ATTR.kind, 'tool'], [ATTR.fidelity, 'replayable'], [ATTR.runId, 'a'.repeat(32)], ...more],
    })
  const batches: PackedBatch[] = []
  const worker = new BodyWorker({
    namespace: 'local',
    redactionKey: new Uint8Array(32).fill(7),
    decodedMaxBytes: 1024 * 1024,
    post: (message) => void (message.kind === 'part' && batches.push(message.batch)),
    isStored: () => Promise.resolve(true),
  })
  let number = 0
  const take = async (spans: readonly WireSpan[]): Promise<{ read: unknown[]; told: unknown[] | undefined }> => {
    const body = new Uint8Array(writeTraces(groupOf([...spans])))
    await worker.work([{ id: number++, signal: 'traces', encoding: 'protobuf', contentEncoding: 'identity', body }], [])
    return bothOf(batches.pop()!)
  }
  const steps = [own([[ATTR.sequence, { int: 7n }]]), own([[ATTR.pending, true]]), own([])]
  const alone = await take(steps)
  expect(alone.told).toHaveLength(3)
  expect(alone.told).toEqual(alone.read)
  expect(alone.told).toMatchObject([{ own: true, position: 7, kind: 'tool' }, { pending: true, endNanos: undefined }, {}])
  // What has become a payload is no attribute any more.
  const long = await take([bareSpan({ attributes: [['gen_ai.request.model', '日'.repeat(200)]] })])
  expect(long.told).toEqual(long.read)
  expect(long.told).toMatchObject([{ model: undefined }])
  const notice = bareSpan({
    attributes: [
      [ATTR.gapReason, 'queue'],
      [ATTR.gapCount, { int: 3n }],
    ],
  })
  const mixed = await take([...steps, notice])
  expect(mixed.read).toHaveLength(4)
  expect(mixed.told).toBeUndefined()
  expect((await take(steps)).told).toHaveLength(3)
})

test('the thread of the index takes the rows that come beside spans, and reads the tape where the index is made anew', async () => {
  const store = await openStore(mkdtempSync(join(tmpdir(), 'reprise-rows-')), { mode: 'write', indexThread: true })
  try {
    const context = createPrepareContext({ namespace: 'local', redactor })
    const traceId = 'e'.repeat(32)
    const prepared = prepareTraces(decodeTraces(writeTraces(groupOf([bareSpan({ traceId, name: 'written' })])), 'protobuf'), context)
    const { rows } = prepared.packed
    if (rows === undefined) throw new Error('no rows')
    // Another name than that on the tape tells where it comes from.
    const told = { ...rows, texts: rows.texts.map((each) => (each === 'written' ? 'told' : each)) }
    await store.append({ ...prepared.packed, rows: told })
    await expect.poll(() => store.index.readRun(traceId)?.name, { timeout: 10_000 }).toBe('told')
    await store.append(
      prepareTraces(decodeTraces(writeTraces(groupOf([bareSpan({ traceId: 'f'.repeat(32) })])), 'protobuf'), context).packed,
    )
    await store.reindex()
    expect(store.index.readRun(traceId)?.name).toBe('written')
    expect(store.readSummary().records).toBe(2)
  } finally {
    await store.close()
    rmSync(store.dir, { recursive: true, force: true })
  }
})
