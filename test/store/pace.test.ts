import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Pace } from '../../src/store/pace.ts'

// A minute is longer than any test may take: where a rest is not cut short, the test does not end.
const MINUTE = 60_000

function cell(value = 0): Int32Array<SharedArrayBuffer> {
  const cells = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  cells[0] = value
  return cells
}

test('a thread rests after a moment of work, for as long as was said, and no more in all than it may', () => {
  const pace = new Pace({ workMillis: 0, restMillis: 20 })
  pace.start(30)
  pace.breathe()
  const once = pace.restedMillis
  expect(once).toBeGreaterThan(15)
  pace.breathe()
  const twice = pace.restedMillis
  for (let index = 0; index < 100; index++) pace.breathe()
  expect(twice).toBeGreaterThan(once)
  // The rest under way when the bound is met is not cut.
  expect(pace.restedMillis).toBe(twice)
  pace.start(30)
  expect(pace.restedMillis).toBe(0)
})

test('there is no rest before there was work, nor where none was allowed', () => {
  const busy = new Pace({ workMillis: MINUTE, restMillis: MINUTE })
  busy.start(MINUTE)
  busy.breathe()
  expect(busy.restedMillis).toBe(0)
  const none = new Pace({ workMillis: 0, restMillis: MINUTE })
  none.breathe()
  none.start(0)
  none.breathe()
  expect(none.restedMillis).toBe(0)
})

test('while somebody waits there is no rest', () => {
  const pace = new Pace({ workMillis: 0, restMillis: MINUTE, asked: cell(1) })
  pace.start(MINUTE)
  for (let index = 0; index < 100; index++) pace.breathe()
  expect(pace.restedMillis).toBeLessThan(MINUTE / 2)
})

test('who begins to wait ends the rest that is under way', async () => {
  const asked = cell()
  const program = `
    const { workerData } = require('node:worker_threads')
    setTimeout(() => {
      Atomics.add(workerData, 0, 1)
      Atomics.notify(workerData, 0)
    }, 50)`
  const other = new Worker(program, { eval: true, workerData: asked })
  const pace = new Pace({ workMillis: 0, restMillis: MINUTE, asked })
  await new Promise((resolve) => other.once('online', resolve))
  pace.start(MINUTE)
  pace.breathe()
  expect(pace.restedMillis).toBeLessThan(MINUTE / 2)
  await other.terminate()
})
