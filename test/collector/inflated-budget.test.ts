import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { inflateBody } from '../../src/collector/http/inflate.ts'
import { InflatedBudget, releaseInflated, shareInflatedBudget } from '../../src/collector/http/inflated-budget.ts'

const MIB = 1024 * 1024

it('is shared, lets one of any size go on alone, and is given back once', () => {
  const memory = shareInflatedBudget(3)
  const [a, b, c] = [0, 1, 2].map((worker) => new InflatedBudget(memory, worker, 10 * MIB, 20)) as [
    InflatedBudget,
    InflatedBudget,
    InflatedBudget,
  ]
  expect(a.growTo(6 * MIB)).toBe(true)
  expect(a.growTo(7 * MIB)).toBe(true)
  expect(b.growTo(4 * MIB)).toBe(false)
  expect(b.growTo(3 * MIB)).toBe(true)
  expect(c.growTo(1)).toBe(false)
  a.release()
  a.release()
  expect(c.growTo(7 * MIB)).toBe(true)
  b.release()
  c.release()
  expect(a.growTo(500 * MIB)).toBe(true)
  expect(b.growTo(1)).toBe(false)
  // The worker that held it is gone.
  releaseInflated(memory, 0)
  expect(b.growTo(10 * MIB)).toBe(true)
})

it('is waited for, and comes when another gives it back', async () => {
  const memory = shareInflatedBudget(2)
  const own = new InflatedBudget(memory, 0, MIB)
  expect(own.growTo(MIB)).toBe(true)
  const file = new URL('../../src/collector/http/inflated-budget.ts', import.meta.url).href
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     import(${JSON.stringify(file)}).then(({ InflatedBudget }) => {
       const budget = new InflatedBudget(workerData, 1, ${MIB}, 20_000)
       parentPort.postMessage('waits')
       parentPort.postMessage(budget.growTo(${MIB}))
     })`,
    { eval: true, workerData: memory },
  )
  const seen: unknown[] = []
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject).on('message', (message: unknown) => {
      seen.push(message)
      if (message === 'waits') own.release()
      else resolve()
    })
  })
  expect(seen).toEqual(['waits', true])
  await worker.terminate()
})

it('is not asked for what is small, and refuses what is large with 429 when others have it for too long', async () => {
  const memory = shareInflatedBudget(2)
  expect(new InflatedBudget(memory, 0, 8 * MIB).growTo(8 * MIB)).toBe(true)
  const own = new InflatedBudget(memory, 1, 8 * MIB, 10)
  expect((await inflateBody(gzipSync(Buffer.alloc(4 * MIB)), 'gzip', 8 * MIB, own)).length).toBe(4 * MIB)
  await expect(inflateBody(gzipSync(Buffer.alloc(4 * MIB + 1)), 'gzip', 8 * MIB, own)).rejects.toMatchObject({ status: 429 })
})
