import type * as Fs from 'node:fs'
import { promisify } from 'node:util'
import { afterEach, expect, it, vi } from 'vitest'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, post, readTape, until } from './support.ts'

const disk = vi.hoisted(() => ({ held: undefined as Promise<void> | undefined, waiting: 0 }))

// Every fdatasync of the write path waits as long as the disk is held.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>()
  const sync = promisify(fs.fdatasync)
  const fdatasync = Object.assign(() => undefined, {
    [promisify.custom]: async (fd: number) => {
      disk.waiting++
      await disk.held
      await sync(fd)
      disk.waiting--
    },
  })
  return { ...fs, fdatasync }
})

const bench = new Bench()
afterEach(async () => await bench.tearDown())

const IN_FLIGHT = 1024 * 1024
const TEXT = 'x'.repeat(60_000)
const idOf = (number: number): string => (number + 1).toString(16).padStart(16, '0')
const body = (number: number): Uint8Array =>
  writeTraces(groupOf([bareSpan({ spanId: idOf(number), attributes: [['input.value', `${number} ${TEXT}`]] })]))

it('a disk that is slow to sync: acknowledgements wait for it, what waits is bounded, the rest is told to come again', async () => {
  const collector = await bench.collector({ inFlightMaxBytes: IN_FLIGHT, workers: 1 })
  expect((await post(collector, body(0))).status).toBe(200)
  let go = (): void => undefined
  disk.held = new Promise((resolve) => (go = resolve))
  const answers = new Map<number, number>()
  const numbers = Array.from({ length: 60 }, (_, index) => index + 1)
  const sending = numbers.map(async (number) => {
    const response = await post(collector, body(number))
    await response.arrayBuffer()
    answers.set(number, response.status)
  })
  await until('a sync', () => disk.waiting > 0)
  // Three times what may be worked on was offered: all the rest is answered although the disk gives no sign.
  await until('refusals', () => answers.size > 30, 20_000)
  expect([...answers.values()].filter((status) => status !== 429)).toEqual([])
  expect(collector.stats().inFlightBytes).toBeLessThanOrEqual(IN_FLIGHT)
  expect(answers.size).toBeLessThan(60)
  const { accepted } = collector.stats()
  expect(accepted).toBe(1)
  // Reads do not wait for the disk.
  expect((await fetch(`${collector.url}/api/v1/runs`)).status).toBe(200)
  go()
  disk.held = undefined
  await Promise.all(sending)
  const taken = numbers.filter((number) => answers.get(number) === 200)
  expect(taken.length).toBeGreaterThan(3)
  expect(taken.length + numbers.filter((number) => answers.get(number) === 429).length).toBe(60)
  expect(collector.stats()).toMatchObject({ accepted: taken.length + 1, refused: 0, inFlightBytes: 0 })
  expect((await post(collector, body(200))).status).toBe(200)
  await collector.close()
  const kept = (await readTape(collector.store)).spans.map(({ core }) => core.spanId).sort()
  expect(kept).toEqual([0, ...taken, 200].map(idOf).sort())
})
