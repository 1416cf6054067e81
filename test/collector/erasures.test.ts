import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startErasures } from '../../src/collector/erase/erasures.ts'
import { createLogger } from '../../src/collector/log.ts'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, hexOf, RUN, sketchOf } from '../store/support/records.ts'
import { Bench, NO_THREADS, until } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

const SECRET = `"${'to be gone '.repeat(60)}"`
const OTHER = hexOf(32, 'other')

async function storeWith(): Promise<{ store: string; requests: string }> {
  const store = join(bench.folder(), 'store')
  const writer = await openStore(store, { mode: 'write' })
  await appendSpans(writer, sketchOf(RUN, 0, { content: { input: SECRET } }), sketchOf(OTHER, 0, { content: { input: '"kept"' } }))
  await writer.close()
  const requests = join(store, 'requests')
  mkdirSync(requests, { mode: 0o700 })
  return { store, requests }
}

const holds = (store: string): boolean =>
  readdirSync(store, { recursive: true, encoding: 'utf8' }).some(
    (name) => /\.(?:zst|db|db-wal)$/.test(name) && readFileSync(join(store, name)).includes(SECRET),
  )

it.each(['request', 'taken'])('an erasure that was asked for and not answered is done by the next collector (%s)', async (state) => {
  const { store, requests } = await storeWith()
  expect(holds(store)).toBe(true)
  const id = 'a'.repeat(32)
  writeFileSync(join(requests, `${id}.${state}`), JSON.stringify({ runId: RUN }), { mode: 0o600 })
  await bench.collector({ store })
  await until('the answer', () => existsSync(join(requests, `${id}.answer`)))
  expect(JSON.parse(readFileSync(join(requests, `${id}.answer`), 'utf8'))).toMatchObject({ receipt: { references: 1, payloads: 1 } })
  await until('the request to be gone', () => readdirSync(requests).length === 1)
  expect(holds(store)).toBe(false)
})

it('files that ask for nothing that can be done are removed, and nothing is erased', async () => {
  const { store, requests } = await storeWith()
  const bad: Readonly<Record<string, string>> = {
    b: '{}',
    c: '{"runId":"7f3a"}',
    d: '{"digests":[]}',
    e: '{"digests":["sha256:12"]}',
    f: 'no JSON',
    0: 'x'.repeat(2 ** 20 + 1),
    1: '[]',
  }
  for (const [letter, text] of Object.entries(bad)) writeFileSync(join(requests, `${letter.repeat(32)}.request`), text)
  const elsewhere = join(bench.folder(), 'elsewhere')
  writeFileSync(elsewhere, JSON.stringify({ runId: RUN }))
  symlinkSync(elsewhere, join(requests, `${'2'.repeat(32)}.request`))
  writeFileSync(join(requests, 'notes.txt'), JSON.stringify({ runId: RUN }))
  chmodSync(requests, 0o700)
  const collector = await bench.collector({ store })
  await until('them to be gone', () => readdirSync(requests).length === 1)
  expect(readdirSync(requests)).toEqual(['notes.txt'])
  await collector.close()
  expect(holds(store)).toBe(true)
})

it('an unknown run is answered with an error, and a collector that closes lets an erasure finish', async () => {
  const { store, requests } = await storeWith()
  writeFileSync(join(requests, `${'a'.repeat(32)}.request`), JSON.stringify({ runId: hexOf(32, 'nobody') }))
  const collector = await bench.collector({ store })
  await until('the answer', () => existsSync(join(requests, `${'a'.repeat(32)}.answer`)))
  expect(readFileSync(join(requests, `${'a'.repeat(32)}.answer`), 'utf8')).toContain('"code":"invalid_argument"')
  writeFileSync(join(requests, `${'b'.repeat(32)}.request`), JSON.stringify({ runId: RUN }))
  await until('it to be taken', () => !existsSync(join(requests, `${'b'.repeat(32)}.request`)))
  await collector.close()
  expect(readFileSync(join(requests, `${'b'.repeat(32)}.answer`), 'utf8')).toContain('"payloads":1')
  expect(holds(store)).toBe(false)
})

it('what programs left in the spool is in the store before it is searched', async () => {
  const { store: dir, requests } = await storeWith()
  const store = await openStore(dir, { mode: 'write' })
  const log = createLogger(() => undefined)
  const takeSpool = async (): Promise<void> => void (await appendSpans(store, sketchOf(RUN, 1, { content: { output: SECRET } })))
  writeFileSync(join(requests, `${'a'.repeat(32)}.request`), JSON.stringify({ runId: RUN }))
  const erasures = startErasures({ store, takeSpool, log, pollMillis: 1 })
  const answer = join(requests, `${'a'.repeat(32)}.answer`)
  await until('the answer', () => existsSync(answer))
  await erasures.close()
  await store.close()
  expect(JSON.parse(readFileSync(answer, 'utf8'))).toMatchObject({ receipt: { references: 2, records: 2, payloads: 1 } })
})
