import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { RepriseError } from '../../src/schemas/index.ts'
import { BlobStore } from '../../src/store/blobs/blob-store.ts'
import { PackSet } from '../../src/store/blobs/pack-set.ts'
import { PayloadCheck } from '../../src/store/check/check-payloads.ts'
import { Problems } from '../../src/store/check/problems.ts'
import { layoutOf } from '../../src/store/files/layout.ts'
import { checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { appendSpans, hexOf, openForTest, prepareGap, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

/** Everything that the index takes in: kinds, models, tags, sessions, errors, pending steps, second records, gaps, senders. */
async function fill(store: Store): Promise<void> {
  for (let run = 0; run < 8; run++) {
    const id = hexOf(32, 'flip', run)
    const sketches = Array.from({ length: 30 }, (_, index) =>
      sketchOf(id, index, {
        stepName: `step ${run} ${index}`,
        ...(index % 7 === 3 && { status: { code: 'error' as const } }),
        ...(index === 29 && { pending: true as const }),
        attributes: {
          'gen_ai.request.model': `model ${index % 3}`,
          'gen_ai.usage.input_tokens': 100 + index,
          'gen_ai.usage.cost': 0.5,
          'session.id': `session ${run % 2}`,
          'reprise.tag.env': `env ${run}`,
        },
        resource: { attributes: { 'service.name': 'a service', 'reprise.sender.id': `sender ${run}`, 'reprise.sender.sequence': index } },
        content: { input: index === 5 ? '"shared"' : `"${run} ${index}"` },
      }),
    )
    await appendSpans(store, ...sketches.toReversed())
    await appendSpans(store, { ...sketches[4], fidelity: 'observed' }, { ...sketches[6], endNanos: '9' })
    await store.append({ records: [prepareGap({ runId: id, count: 2 })], blobs: [] })
    const late = { 'reprise.sender.id': `sender ${run}`, 'reprise.sender.sequence': 40 }
    await appendSpans(store, sketchOf(id, 31, { resource: { attributes: late } }))
    const lost = { reason: 'batch-lost', sender: `sender ${run}`, batches: { from: 30, to: 39 }, count: 10 }
    await store.append({ records: [prepareGap(lost)], blobs: [] })
    await appendSpans(store, sketchOf(id, 32, { resource: { attributes: { ...late, 'reprise.sender.sequence': 35 } } }))
  }
}

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('reprise-verify-'))
}

test('a byte that is flipped anywhere in the index is found by a check, or healed by the next opening, or said by a query', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  await fill(store)
  await store.index.catchUp()
  const truth = everyAnswer(store)
  await store.close()
  const path = join(dir, 'index.db')
  const bytes = readFileSync(path)
  const sound = join(temporaryFolder({ inMemory: true }), 'index.db')
  copyFileSync(path, sound)
  expect((await checkStoreFolder(dir)).problems).toEqual([])

  let found = 0
  let wrong = 0
  for (let round = 0; round < 64; round++) {
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    const flipped = Buffer.from(bytes)
    const at = Number.parseInt(hexOf(8, 'flip at', round), 16) % bytes.length
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (round % 8))
    writeFileSync(path, flipped)
    const { problems } = await checkStoreFolder(dir)
    expect(problems.every(({ code, file }) => code.startsWith('index_') && file === 'index.db')).toBe(true)
    if (problems.length > 0) found++

    const writer = await openStore(dir, { mode: 'write' })
    let answers: string | undefined
    try {
      await writer.index.catchUp()
      answers = everyAnswer(writer)
    } catch (error) {
      expect(RepriseError.isInstance(error) && error.code === 'integrity', String(error)).toBe(true)
    }
    // What a check calls sound answers as it should: no wrong answer goes unnoticed.
    if (answers !== truth) {
      wrong++
      expect(problems, `byte ${at}, round ${round}`).not.toEqual([])
    }
    await writer.reindex()
    expect(everyAnswer(writer)).toBe(truth)
    await writer.close()
  }
  expect(found).toBeGreaterThan(5)
  expect(found).toBeGreaterThanOrEqual(wrong)
}, 120_000)

test('the index is compared as far as it has followed the tape, while it is written and in a cold copy', async () => {
  // Of its own: other tests check stores at the same time.
  vi.stubEnv('TMPDIR', temporaryFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const before = leftovers()
  const dir = temporaryFolder()
  const store = await openForTest(dir, { indexThread: true })
  const writing = fill(store)
  for (let round = 0; round < 5; round++) expect((await store.checkStore()).problems).toEqual([])
  await writing
  expect((await checkStoreFolder(dir)).problems).toEqual([])
  const copy = join(temporaryFolder(), 'copy')
  await store.close()
  cpSync(dir, copy, { recursive: true })
  const database = new DatabaseSync(join(copy, 'index.db'))
  database.exec('UPDATE runs SET errors = errors + 1 WHERE id = 2')
  database.close()
  expect((await checkStoreFolder(dir)).problems).toEqual([])
  expect((await checkStoreFolder(copy)).problems).toMatchObject([{ code: 'index_differs', message: expect.stringContaining('(runs)') }])
  rmSync(join(copy, 'index.db'))
  expect((await checkStoreFolder(copy)).problems).toEqual([])
  expect(existsSync(join(copy, 'index.db'))).toBe(false)
  expect(leftovers()).toEqual(before)
})

test.each<[string, string]>([
  ['steps', 'DELETE FROM steps WHERE position = 3'],
  ['steps', 'UPDATE steps SET flags = flags + 1 WHERE position = 5'],
  ['run_words', 'DELETE FROM run_words WHERE run = 3'],
  ['run_models', 'UPDATE run_models SET steps = steps + 1'],
  ['run_step_names', 'DELETE FROM run_step_names WHERE run = 1'],
  ['usage_above', 'UPDATE usage_above SET kinds = 0'],
  ['run_senders', 'DELETE FROM run_senders'],
  ['senders', "UPDATE senders SET ranges = '[[0,3]]'"],
  ['run_senders', 'UPDATE run_senders SET last = last - 1'],
  ['lost_batches', 'UPDATE lost_batches SET came = 1 - came WHERE first = 35'],
  ['gaps', 'DELETE FROM gaps WHERE run = 1'],
  ['conflicts', 'DELETE FROM conflicts WHERE run = 2'],
  ['runs', 'UPDATE runs SET conflicts = 0 WHERE id = 2'],
  ['meta', "UPDATE meta SET value = value + 1 WHERE key = 'gaps'"],
  ['digests', 'DELETE FROM digest_tail'],
  ['steps', "UPDATE names SET text = text || 'x' WHERE text LIKE 'step 1 %'"],
])('a check names the table %s when %s', async (table, sql) => {
  const dir = temporaryFolder()
  const store = await openForTest(dir)
  await fill(store)
  await store.close()
  const database = new DatabaseSync(join(dir, 'index.db'))
  database.exec(sql)
  database.close()
  const { problems } = await checkStoreFolder(dir)
  expect(problems).toMatchObject([{ code: 'index_differs', file: 'index.db' }])
  expect(problems[0]?.message).toContain(table)
})

test('a query that the index leads to a line that is not there says so, and the steps that follow are taken all the same', async () => {
  const dir = temporaryFolder()
  const filled = await openForTest(dir)
  const id = hexOf(32, 'led astray')
  await appendSpans(filled, sketchOf(id, 0), sketchOf(id, 1))
  await filled.close()
  const database = new DatabaseSync(join(dir, 'index.db'))
  database.exec('UPDATE steps SET own = own + 32768')
  database.close()
  const store = await openForTest(dir)
  const error = expect.objectContaining({ code: 'integrity', message: expect.stringContaining('`reprise reindex`') })
  expect(() => store.index.listSteps(id, { limit: 10 })).toThrow(error)
  // Held against the one that stands.
  await appendSpans(store, sketchOf(id, 1, { endNanos: '9' }), sketchOf(id, 2))
  await store.index.catchUp()
  expect(store.index.readRun(id)).toMatchObject({ steps: 3 })
  await store.reindex()
  expect(store.index.listSteps(id, { limit: 10 }).steps).toHaveLength(3)
  await store.close()
})

test('references to digests stand where they are looked for, or a check says so', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  for (let run = 0; run < 34; run++) {
    const id = hexOf(32, 'digests', run)
    await appendSpans(
      store,
      ...Array.from({ length: 500 }, (_, index) => sketchOf(id, index, { content: { input: `${run * 1000 + index}` } })),
    )
  }
  await store.close()
  const database = new DatabaseSync(join(dir, 'index.db'))
  const problems = async (): Promise<unknown[]> => (await checkStoreFolder(dir)).problems.map(({ message }) => message)
  expect(database.prepare('SELECT count(*) AS pages FROM digest_pages').get()).not.toEqual({ pages: 0 })
  expect(await problems()).toEqual([])
  database.exec('UPDATE digest_pages SET id = id + 1 WHERE id = (SELECT min(id) FROM digest_pages)')
  expect(await problems()).toEqual([expect.stringContaining('(digests)')])
  database.exec('UPDATE digest_pages SET id = id - 1 WHERE id = (SELECT min(id) FROM digest_pages)')
  expect(await problems()).toEqual([])
  // The same references, two of them in another order.
  const page = database.prepare('SELECT id, entries FROM digest_pages ORDER BY id LIMIT 1')
  page.setReadBigInts(true)
  const { id, entries } = page.get() as { id: bigint; entries: Uint8Array }
  const moved = Buffer.concat([entries.subarray(0, 16), entries.subarray(32, 48), entries.subarray(16, 32), entries.subarray(48)])
  database.prepare('UPDATE digest_pages SET entries = ? WHERE id = ?').run(moved, id)
  expect(await problems()).toEqual([expect.stringContaining('(digests)')])
  database.close()
}, 60_000)

test('payloads that a check has forgotten are read again, and nothing is reported twice but what is damaged', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir)
  await fill(store)
  const lines = await readAllLines(store)
  await store.close()
  const layout = layoutOf(dir)
  const packs = new PackSet(layout)
  packs.refresh()
  try {
    for (const most of [1, 7, 1000]) {
      const problems = new Problems()
      const check = new PayloadCheck(new BlobStore(layout, packs, true), problems, most)
      for (const [line, text] of lines.entries()) check.checkLine(text, { file: 'a file', group: 0, line })
      expect(problems.list).toEqual([])
    }
  } finally {
    packs.close()
  }
})
