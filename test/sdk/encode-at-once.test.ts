import { expect, test } from 'vitest'
import { decodeTraces } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { encodeAtOnce } from '../../src/sdk/export/reprise-way.ts'
import { Sender } from '../../src/sdk/export/sender.ts'
import { resolveRecorderOptions } from '../../src/sdk/recorder/options.ts'
import { Recorder } from '../../src/sdk/recorder/recorder.ts'
import type { QueuedStep } from '../../src/sdk/recorder/send-queue.ts'
import { RunState } from '../../src/sdk/run/run-state.ts'
import { Step } from '../../src/sdk/run/step.ts'
import { attributesOf } from './fake-collector.ts'

const options = resolveRecorderOptions({})
const recorder = new Recorder(options)
const run = new RunState('a'.repeat(32), 'seed', false)

function itemOf(index: number, pending = false): QueuedStep {
  const ids = { traceId: 'a'.repeat(32), spanId: index.toString(16).padStart(16, '0'), parentSpanId: '' }
  const call = { spec: { kind: 'tool', name: 'x' }, model: undefined } as const
  const step = new Step(recorder, run, undefined, ids, call, ['y'.repeat(1000)])
  if (!pending) step.endMillis = step.startMillis
  return { step, pending, sizeBytes: 1000 }
}

const items = Array.from({ length: 2_000 }, (_, index) => itemOf(index + 1, index % 10 === 9))

test('all of it, in bodies of half a MiB, where there is time', () => {
  const { batches, left } = encodeAtOnce(options, new Sender(), items, [])
  expect(left).toBe(0)
  expect(batches.length).toBeGreaterThan(3)
  for (const { body } of batches) expect(body.length).toBeLessThan(600 * 1024)
  expect(batches.reduce((sum, { spans }) => sum + spans, 0)).toBe(items.length)
})

test('where time is up, what was written till then, and how many steps were not', () => {
  const gap = { runId: undefined, traceId: undefined, reason: 'queue_full', count: 3 }
  const { batches, left } = encodeAtOnce(options, new Sender(), items, [gap], -1)
  const spans = batches.map(({ body }) =>
    decodeTraces(body, 'protobuf').resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  )
  const [first = [], second = []] = spans
  expect(spans).toHaveLength(2)
  const written = first.filter((span) => attributesOf(span)[ATTR.gapReason] === undefined)
  const announced = written.filter((span) => attributesOf(span)[ATTR.pending] === true)
  expect(written.length - announced.length + left).toBe(1_800)
  expect(left).toBeGreaterThan(1_000)
  expect(attributesOf(first.find((span) => !written.includes(span))!)).toMatchObject({ [ATTR.gapReason]: 'queue_full' })
  expect(second.map(attributesOf)).toMatchObject([{ [ATTR.gapReason]: 'exit_timeout', [ATTR.gapCount]: left }])
})
