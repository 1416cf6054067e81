import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, getJson, post, readTape, until } from './support.ts'

const bench = new Bench()
const afterwards: (() => void)[] = []
afterEach(async () => {
  for (const act of afterwards.splice(0)) act()
  await bench.tearDown()
})

const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const body = (number: number): Uint8Array => writeTraces(groupOf([bareSpan({ spanId: idOf(number) })]))
const statusOf = async (collector: Collector, number: number): Promise<number> => (await post(collector, body(number))).status
const isReady = async (collector: Collector): Promise<boolean> => (await fetch(`${collector.url}/readyz`)).status === 200

/** Refused, in words, while it goes on answering. */
async function expectRefused(collector: Collector, number: number, words: string): Promise<void> {
  const refused = await post(collector, body(number))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await getJson(collector, '/readyz')).toMatchObject({
    status: 503,
    body: { ready: false, problems: expect.arrayContaining([expect.stringContaining(words)]) },
  })
  expect((await fetch(`${collector.url}/healthz`)).status).toBe(200)
}

/** What stands on the tape: ids of spans, and what gap records count by reason. */
async function onTape(folder: string): Promise<{ spans: string[]; gaps: [string, number][] }> {
  const { spans, lines } = await readTape(folder)
  const cores = lines.map((line) => JSON.parse(line).core as { schema: string; reason: string; count: number })
  return {
    spans: spans.map(({ core }) => core.spanId).sort(),
    gaps: cores.filter(({ schema }) => schema === 'reprise.gap/1').map(({ reason, count }) => [reason, count]),
  }
}

describe('a store folder that goes away while a collector writes', () => {
  it('moved: nothing is acknowledged into it, readiness says so, and all goes on by itself when it is back', async () => {
    const collector = await bench.collector()
    expect(await statusOf(collector, 1)).toBe(200)
    const away = `${collector.store}.away`
    renameSync(collector.store, away)
    await expectRefused(collector, 2, 'ENOENT: the store folder is not there: removed, moved or hidden')
    // Nor does a try that comes later, when files would have to be made anew.
    await expectRefused(collector, 3, 'ENOENT')
    renameSync(away, collector.store)
    // No span has to come for that.
    await until('readiness', async () => await isReady(collector))
    expect((await getJson(collector, '/readyz')).body).toMatchObject({ ready: true, problems: [], stats: { accepted: 1, refused: 2 } })
    expect(await statusOf(collector, 4)).toBe(200)
    await collector.close()
    expect(await onTape(collector.store)).toEqual({ spans: [idOf(1), idOf(4)], gaps: [['disk-error', 2]] })
  })

  it('removed, and an empty folder in its place: refused until the collector is started again', async () => {
    const collector = await bench.collector()
    expect(await statusOf(collector, 1)).toBe(200)
    rmSync(collector.store, { recursive: true })
    await expectRefused(collector, 2, 'ENOENT')
    mkdirSync(collector.store, { mode: 0o700 })
    await expectRefused(collector, 3, 'ENOENT')
    await collector.close()
    const next = await bench.collector({ store: collector.store })
    expect(await statusOf(next, 4)).toBe(200)
    await next.close()
    expect((await onTape(collector.store)).spans).toEqual([idOf(4)])
  })
})

it('a folder in which nothing can be made any more: refused by name, and taken again when it can', async ({ skip }) => {
  const collector = await bench.collector()
  const folders = [join(collector.store, 'segments'), join(collector.store, 'blobs', 'packs')]
  const set = (flag: '+i' | '-i'): unknown => execFileSync('chattr', [flag, ...folders], { stdio: 'ignore' })
  try {
    set('+i')
  } catch {
    return skip('SKIPPED: no right to make a folder unchangeable here')
  }
  afterwards.push(() => set('-i'))
  await expectRefused(collector, 1, 'EPERM: the store folder may not be changed')
  set('-i')
  await until('readiness', async () => await isReady(collector))
  expect(await statusOf(collector, 2)).toBe(200)
  await collector.close()
  expect(await onTape(collector.store)).toEqual({ spans: [idOf(2)], gaps: [['disk-error', 1]] })
})
