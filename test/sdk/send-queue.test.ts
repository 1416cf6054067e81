import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveRecorderOptions } from '../../src/sdk/recorder/options.ts'
import { Recorder } from '../../src/sdk/recorder/recorder.ts'
import { SendQueue } from '../../src/sdk/recorder/send-queue.ts'
import { RunState } from '../../src/sdk/run/run-state.ts'
import { Step } from '../../src/sdk/run/step.ts'

const MAX_BYTES = 64 * 1024
const recorder = new Recorder(resolveRecorderOptions({}))
let made = 0

/** A step as the recorder holds it; an ended one of `input` bytes, failed or the root of its run where said. */
function stepOf({ input = 0, failed = false, root = false, ended = true }): Step {
  const id = (made++).toString(16).padStart(16, '0')
  const run = new RunState('a'.repeat(32), 'seed', false)
  const ids = { traceId: 'a'.repeat(32), spanId: id, parentSpanId: '' }
  const step = new Step(recorder, run, undefined, ids, { spec: { kind: 'tool', name: 'x' }, model: undefined }, ['x'.repeat(input)])
  if (root) run.shared.root = step
  if (failed) step.error = recorder.snapshot('broken')
  if (ended) step.endMillis = step.startMillis
  return step
}

function drained(queue: SendQueue): Step[] {
  const steps: Step[] = []
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) steps.push(item.step)
  return steps
}

test('a process that ends takes errors and roots first, each in their order', () => {
  const queue = new SendQueue(MAX_BYTES)
  const [one, error, two, root, three] = [stepOf({}), stepOf({ failed: true }), stepOf({}), stepOf({ root: true }), stepOf({})]
  queue.push(root, true)
  for (const step of [one, error, two, root, three]) queue.push(step, false)
  const taken = queue.takeAll()
  expect(taken.map(({ step }) => step)).toEqual([root, error, root, one, two, three])
  expect(taken.map(({ pending }) => pending)).toEqual([true, false, false, false, false, false])
  expect(queue.length).toBe(0)
})

describe('a full queue', () => {
  test('takes payloads from those that wait before it gives up the structure of one that comes', () => {
    const queue = new SendQueue(MAX_BYTES)
    const first = [stepOf({ input: 30_000 }), stepOf({ input: 30_000 })]
    for (const step of first) queue.push(step, false)
    const more = Array.from({ length: 40 }, () => stepOf({ input: 100 }))
    for (const step of more) queue.push(step, false)
    expect(queue.droppedSteps).toBe(0)
    expect(drained(queue)).toEqual([...first, ...more])
    expect(first[0]).toMatchObject({ payloadsDropped: true, input: undefined })
  })

  test('keeps errors and roots whole as long as others have payloads to give, and at all as long as there are others', () => {
    const queue = new SendQueue(MAX_BYTES)
    const plain = Array.from({ length: 20 }, () => stepOf({ input: 2_000 }))
    for (const step of plain) queue.push(step, false)
    const root = stepOf({ input: 20_000, root: true })
    queue.push(root, false)
    expect(root.payloadsDropped).toBe(false)
    const errors = Array.from({ length: 100 }, () => stepOf({ failed: true }))
    for (const step of errors) queue.push(step, false)
    const kept = drained(queue)
    expect(kept).toContain(root)
    expect(kept.filter((step) => plain.includes(step))).toEqual([])
    expect(kept.length + queue.droppedSteps).toBe(121)
    expect(queue.takeGaps().reduce((sum, { count }) => sum + count, 0)).toBe(queue.droppedSteps)
  })

  test('lets go of an announcement whose step has ended before any payload', () => {
    const queue = new SendQueue(MAX_BYTES)
    const announced = stepOf({ input: 30_000, ended: false })
    queue.push(announced, true)
    announced.endMillis = announced.startMillis
    queue.push(announced, false)
    queue.push(stepOf({ input: 25_000, root: true }), false)
    expect(queue.length).toBe(2)
    expect(announced.payloadsDropped).toBe(false)
  })

  test('counts gaps of a thousand runs apart, and those of more runs together', () => {
    const queue = new SendQueue(MAX_BYTES)
    for (let run = 0; run < 3_000; run++) queue.addGap(String(run), undefined, 'queue_full', 2)
    const gaps = queue.takeGaps()
    expect(gaps.length).toBe(1_001)
    expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(6_000)
    expect(queue.gapCount).toBe(0)
  })
})

test('whatever comes: bounded, every step is taken out once or counted, and nothing goes before what should go first', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('push' as const),
      input: fc.oneof(fc.nat(200), fc.nat(40_000)),
      failed: fc.boolean(),
      root: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
      announced: fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0),
    }),
    fc.record({ kind: fc.constant('shift' as const), count: fc.nat(30) }),
  )
  fc.assert(
    fc.property(fc.array(event, { minLength: 60, maxLength: 300 }), (events) => {
      const queue = new SendQueue(MAX_BYTES)
      const pushed = new Set<Step>()
      const out: Step[] = []
      for (const event of events) {
        if (event.kind === 'shift') {
          for (let left = event.count; left > 0; left--) {
            const item = queue.shift()
            if (item !== undefined && !item.pending) out.push(item.step)
          }
          continue
        }
        const step = stepOf({ ...event, ended: false })
        if (event.announced) queue.push(step, true)
        step.endMillis = step.startMillis
        pushed.add(step)
        queue.push(step, false)
        expect(queue.sizeBytes).toBeLessThanOrEqual(MAX_BYTES * 1.25)
      }
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) if (!item.pending) out.push(item.step)
      const gaps = queue.takeGaps().reduce((sum, { count }) => sum + count, 0)
      expect(gaps).toBe(queue.droppedSteps)
      expect(out.length + gaps).toBe(pushed.size)
      expect(new Set(out).size).toBe(out.length)
      expect(queue.added).toBe(queue.taken)
      expect([queue.length, queue.sizeBytes]).toEqual([0, 0])
      // In the order in which they came.
      const order = new Map([...pushed].map((step, index) => [step, index]))
      expect(out.map((step) => order.get(step))).toEqual(out.map((step) => order.get(step)).sort((a, b) => Number(a) - Number(b)))
    }),
    { numRuns: 100 },
  )
})
