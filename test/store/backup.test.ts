import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { layoutOf } from '../../src/store/files/layout.ts'
import { takeWriterLock } from '../../src/store/files/writer-lock.ts'
import { backupStore, checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

const contentOf = (index: number): string | Uint8Array =>
  index % 40 === 13 ? new Uint8Array(1_060_000).fill(index) : JSON.stringify(hexOf(60, index).repeat(20))

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: contentOf(index) } }))
}

const ROLL = 20_000

describe('a backup', () => {
  test('is a store: it opens, holds what was there, and goes on by itself', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(store, 0, 60)
    await store.seal()
    await fill(store, 60, 90)
    await store.openCursor('forward-1').save(5, 0)
    const key = store.key()
    const target = join(temporaryFolder(), 'deeper', 'backup')
    const made = await backupStore(dir, target)
    expect(made).toMatchObject({
      schema: 'reprise.backup/1',
      folder: target,
      head: store.tape.head(),
      records: 90,
      check: { problemCount: 0 },
    })
    expect(made.linked.files).toBeGreaterThan(3)
    expect(made.copied.files).toBeGreaterThan(3)
    expect(JSON.parse(readFileSync(join(target, 'backup.json'), 'utf8'))).toEqual(made)
    expect(readdirSync(join(target, '..'))).toEqual(['backup'])
    const lines = await readAllLines(store)
    // What comes later is not in it, also where files are shared.
    await fill(store, 90, 120)
    await store.seal()
    await store.close()
    const restored = await openForTest(target, { segmentRollBytes: ROLL })
    expect(restored.recovered.cut).toEqual([])
    expect(await readAllLines(restored)).toEqual(lines)
    expect(restored.key()).toEqual(key)
    expect(restored.openCursor('forward-1').read()).toEqual({ group: 5, line: 0 })
    for (let index = 0; index < 90; index++) expect(restored.blobs.read(digestOf(contentOf(index)))).toHaveLength(contentOf(index).length)
    expect(restored.readRunRecords(RUN)).toHaveLength(90)
    await fill(restored, 200, 230)
    await restored.seal()
    expect((await restored.checkStore()).problems).toEqual([])
    // And the other way round.
    expect((await checkStoreFolder(dir)).problems).toEqual([])
  })

  test.each([true, false])('made while records are appended and sealed is a whole prefix (copies: %s)', async (copies) => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL, seal: true })
    let stop = false
    let acknowledged = 0
    const cursor = store.openCursor('forward-1')
    const writing = (async () => {
      for (; !stop; acknowledged++) {
        await fill(store, acknowledged, acknowledged + 1)
        await cursor.save(acknowledged + 1, 0)
      }
    })()
    const folder = temporaryFolder()
    for (let round = 0; round < 6; round++) {
      await new Promise((resolve) => setTimeout(resolve, 30))
      const least = acknowledged
      const { check, records, linked } = await backupStore(dir, join(folder, String(round)), { copies })
      expect(check.problems).toEqual([])
      expect(records).toBeGreaterThanOrEqual(least)
      if (copies) expect(linked.files).toBe(0)
    }
    stop = true
    await writing
    const all = await readAllLines(store)
    for (let round = 0; round < 6; round++) {
      const restored = await openStore(join(folder, String(round)), { mode: 'write' })
      const lines = await readAllLines(restored)
      expect(lines).toEqual(all.slice(0, lines.length))
      expect((await restored.checkStore()).problems).toEqual([])
      await restored.close()
    }
  })

  test('leaves out what a crash left behind the last group, and keeps its modes', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await fill(store, 0, 3)
    await store.close()
    for (const path of [join(dir, 'segments', '00000000.zst'), join(dir, 'blobs', 'packs', '00000001.zst')])
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('torn')]))
    const target = join(temporaryFolder(), 'backup')
    expect((await backupStore(dir, target)).check).toMatchObject({ problemCount: 0, unfinishedBytes: 0, records: 3 })
    for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
      const stats = statSync(join(target, name))
      expect(`${name} ${(stats.mode & 0o777).toString(8)}`).toBe(`${name} ${stats.isDirectory() ? '700' : '600'}`)
    }
    const restored = await openForTest(target)
    expect(restored.recovered.cut).toEqual([])
  })

  test('of a damaged store tells the damage, of an empty one is empty', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const empty = await backupStore(dir, join(temporaryFolder(), 'backup'))
    expect(empty).toMatchObject({ records: 0, head: { group: -1 }, check: { problemCount: 0 } })
    await fill(store, 0, 3)
    await store.close()
    const path = join(dir, 'blobs', 'packs', '00000001.zst')
    const bytes = readFileSync(path)
    bytes[bytes.length - 20] = 0
    writeFileSync(path, bytes)
    const { check } = await backupStore(dir, join(temporaryFolder(), 'backup'))
    expect(check.problems).toMatchObject([{ code: 'artifact_damaged' }])
  })

  test('needs a store, and a folder of its own', async () => {
    const dir = temporaryFolder()
    await expect(backupStore(join(dir, 'none'), join(dir, 'backup'))).rejects.toMatchObject({ code: 'invalid_argument' })
    const store = await openForTest(join(dir, 'store'))
    await fill(store, 0, 1)
    mkdirSync(join(dir, 'taken'))
    writeFileSync(join(dir, 'taken', 'a'), '')
    await expect(backupStore(join(dir, 'store'), join(dir, 'taken'))).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(backupStore(join(dir, 'store'), join(dir, 'taken', 'a'))).rejects.toMatchObject({ code: 'invalid_argument' })
    symlinkSync(join(dir, 'store'), join(dir, 'link'))
    for (const inside of ['store/backup', 'store/views/backup', 'link/backup']) {
      const message = expect.stringContaining('is in the store itself')
      await expect(backupStore(join(dir, 'store'), join(dir, inside))).rejects.toMatchObject({ code: 'invalid_argument', message })
    }
    rmSync(join(dir, 'link'))
    mkdirSync(join(dir, 'empty'))
    await backupStore(join(dir, 'store'), join(dir, 'empty'))
    expect(readdirSync(dir).sort()).toEqual(['empty', 'store', 'taken'])
  })

  test('removes what a killed one left beside it, and nothing of one that is being made', async () => {
    const dir = temporaryFolder()
    await fill(await openForTest(join(dir, 'store')), 0, 1)
    const partials = ['.2026-11-22.0123456789ab.partial', '.live.0123456789ac.partial', '.of-others.0123456789ad.partial']
    const [left = '', live = '', other = ''] = partials.map((name) => join(dir, name))
    for (const folder of [left, live, other]) mkdirSync(join(folder, 'segments'), { recursive: true })
    // Killed, a process leaves its lock files; the kernel's lock is gone.
    writeFileSync(join(left, 'lock.db'), '')
    const lock = await takeWriterLock(layoutOf(live), 'reprise backup')
    try {
      const told: string[] = []
      await backupStore(join(dir, 'store'), join(dir, 'backup'), { onLeftover: (folder) => told.push(folder) })
      expect(told).toEqual([left])
      expect(readdirSync(dir).sort()).toEqual([...partials.slice(1), 'backup', 'store'])
      expect(readdirSync(join(dir, 'backup')).filter((name) => name.startsWith('lock'))).toEqual([])
    } finally {
      lock.release()
    }
  })
})
