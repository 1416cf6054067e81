import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { isSealedFile } from '../../src/store/seal/is-sealed-file.ts'
import { appendSpans, hexOf, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

const ROLL = 30_000

/** Content that compresses: each text half words, half its own. */
function textOf(index: number): string {
  return JSON.stringify(`${'the order was shipped and paid. '.repeat(12)}${hexOf(60, index).repeat(2)}`)
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++)
    await appendSpans(store, sketchOf(RUN, index, { content: { input: textOf(index), output: `"${index % 7}"` } }))
}

function filesOf(dir: string): string[] {
  return [join(dir, 'segments'), join(dir, 'blobs', 'packs')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.zst'))
      .sort()
      .map((name) => join(folder, name)),
  )
}

async function filled(dir: string, count = 100): Promise<Store> {
  const store = await openForTest(dir, { segmentRollBytes: ROLL })
  await fill(store, 0, count)
  return store
}

describe('sealing', () => {
  test('compresses what is closed and changes nothing that can be read', async () => {
    const dir = temporaryFolder()
    const store = await filled(dir)
    const lines = await readAllLines(store)
    const head = store.tape.head()
    const before = filesOf(dir)
    expect(before.length).toBeGreaterThan(5)
    const bytes = (): number => filesOf(dir).reduce((sum, path) => sum + statSync(path).size, 0)
    const unsealedBytes = bytes()
    const done = await store.seal()
    const sealed = filesOf(dir).filter((path) => isSealedFile(path))
    // The live segment and the live pack are left.
    expect(filesOf(dir)).toEqual(before)
    expect(sealed).toHaveLength(before.length - 2)
    expect(done).toMatchObject({ files: sealed.length })
    expect(done.toBytes).toBeLessThan(done.fromBytes / 2)
    expect(unsealedBytes - bytes()).toBe(done.fromBytes - done.toBytes)
    expect(await readAllLines(store)).toEqual(lines)
    for (let index = 0; index < 100; index++) expect(store.blobs.read(digestOf(textOf(index))).toString()).toBe(textOf(index))
    expect(await store.checkStore()).toMatchObject({ problems: [], groups: 100, head })
    // The store goes on, is opened again, and is read by others.
    await fill(store, 100, 140)
    await store.close()
    const reader = await openStore(dir, { mode: 'read' })
    expect((await readAllLines(reader)).slice(0, 100)).toEqual(lines)
    expect(reader.tape.readLine(3, 0)).toBe(lines[3])
    expect(reader.readRunRecords(RUN)).toHaveLength(140)
    await reader.close()
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    await again.reindex()
    expect(again.readRunRecords(RUN)).toHaveLength(140)
    expect((await again.seal()).files).toBeGreaterThan(0)
    expect((await again.checkStore()).problems).toEqual([])
  })

  test('leaves segments that zstd prints as the lines they were', async ({ skip }) => {
    try {
      execFileSync('zstd', ['--version'], { stdio: 'ignore' })
    } catch {
      skip('SKIPPED: no zstd on this machine')
    }
    const dir = temporaryFolder()
    const store = await filled(dir)
    const lines = await readAllLines(store)
    await store.seal()
    const segments = filesOf(dir).filter((path) => path.includes('segments'))
    expect(execFileSync('zstd', ['-dc', ...segments]).toString()).toBe(lines.map((line) => `${line}\n`).join(''))
    // A pack gives its own bytes, which are frames again.
    const [pack = ''] = filesOf(dir).filter((path) => path.includes('packs'))
    expect(execFileSync('zstd', ['-dc'], { input: execFileSync('zstd', ['-dc', pack]) }).includes(textOf(0))).toBe(true)
  })

  test('goes on in the background while records are appended, and readers see no difference', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL, seal: true })
    const reader = await openStore(dir, { mode: 'read' })
    for (let round = 0; round < 6; round++) {
      await fill(store, round * 30, round * 30 + 30)
      expect(await readAllLines(reader)).toHaveLength((round + 1) * 30)
      expect(reader.blobs.read(digestOf(textOf(round))).toString()).toBe(textOf(round))
    }
    await store.seal()
    expect(filesOf(dir).filter((path) => !isSealedFile(path))).toHaveLength(2)
    expect(await readAllLines(reader)).toHaveLength(180)
    expect((await reader.checkStore()).problems).toEqual([])
    await reader.close()
    expect((await checkStoreFolder(dir)).problems).toEqual([])
  })

  test('takes up where it was ended, and leftovers are removed', async () => {
    const dir = temporaryFolder()
    const store = await filled(dir, 200)
    const lines = await readAllLines(store)
    const sealing = store.seal()
    await new Promise((resolve) => setTimeout(resolve, 60))
    await store.close()
    await sealing
    writeFileSync(join(dir, 'segments', '.00000000.zst.0011aabb.tmp'), 'half a file')
    writeFileSync(join(dir, 'blobs', 'packs', '.00000001.zst.0011aabb.tmp'), 'half a file')
    expect((await checkStoreFolder(dir)).problems).toEqual([])
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    expect(readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await again.seal()
    expect(filesOf(dir).filter((path) => !isSealedFile(path))).toHaveLength(2)
    expect(await readAllLines(again)).toEqual(lines)
  })

  test('leaves a damaged segment and a damaged pack as they are', async () => {
    const dir = temporaryFolder()
    const store = await filled(dir)
    await store.close()
    const [segment = ''] = filesOf(dir)
    const pack = filesOf(dir).find((path) => path.includes('packs')) ?? ''
    for (const path of [segment, pack]) {
      const bytes = readFileSync(path)
      bytes[300] = (bytes[300] ?? 0) ^ 1
      writeFileSync(path, bytes)
    }
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    const before = (await again.checkStore()).problems
    expect(before.length).toBeGreaterThan(1)
    await again.seal()
    expect(isSealedFile(segment)).toBe(false)
    expect(isSealedFile(pack)).toBe(false)
    expect((await again.checkStore()).problems.map(({ code, message }) => ({ code, message }))).toEqual(
      before.map(({ code, message }) => ({ code, message })),
    )
    expect(filesOf(dir).filter((path) => !isSealedFile(path))).toHaveLength(4)
  })

  test('does not go on in a sealed segment where the one after it was lost', async () => {
    const dir = temporaryFolder()
    const store = await filled(dir)
    await store.seal()
    await store.close()
    const segments = filesOf(dir).filter((path) => path.includes('segments'))
    rmSync(segments.at(-1) ?? '')
    const last = segments.at(-2) ?? ''
    const size = statSync(last).size
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    await fill(again, 500, 505)
    expect(statSync(last).size).toBe(size)
    expect((await again.checkStore()).problems).toEqual([])
  })

  test('of a pack without a side file keeps every place', async () => {
    const dir = temporaryFolder()
    const store = await filled(dir)
    await store.seal()
    await store.close()
    for (const path of filesOf(dir)) rmSync(`${path.slice(0, -4)}.idx`, { force: true })
    const again = await openForTest(dir, { segmentRollBytes: ROLL })
    expect(again.recovered.cut).toEqual([])
    for (let index = 0; index < 100; index++) expect(again.blobs.read(digestOf(textOf(index))).toString()).toBe(textOf(index))
    expect((await again.checkStore()).problems).toEqual([])
  })
})

describe('a flipped byte in a sealed', () => {
  test('segment or pack is caught wherever it is, and the rest is served', { timeout: 120_000 }, async () => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir, { segmentRollBytes: 4_000 })
    await fill(store, 0, 12)
    const lines = await readAllLines(store)
    await store.seal()
    await store.close()
    const targets = filesOf(dir).filter((path) => isSealedFile(path))
    expect(targets.length).toBeGreaterThanOrEqual(2)
    for (const path of [targets[0] ?? '', targets.at(-1) ?? '']) {
      const sound = readFileSync(path)
      const step = Math.max(1, Math.floor(sound.length / 200))
      // From 4: a magic of a skippable frame has sixteen forms, and all of them mean the same.
      for (let at = 4; at < sound.length; at += step) {
        const bytes = Buffer.from(sound)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
        writeFileSync(path, bytes)
        const check = await checkStoreFolder(dir)
        expect(`byte ${at}: ${check.problemCount > 0}`).toBe(`byte ${at}: true`)
        const file = path.slice(dir.length + 1)
        expect(check.problems.some((problem) => problem.file === file || problem.message.includes('artifact'))).toBe(true)
      }
      writeFileSync(path, sound)
    }
    const reader = await openStore(dir, { mode: 'read' })
    expect(await readAllLines(reader)).toEqual(lines)
    await reader.close()
  })
})

test('a large group stands in a block of its own', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir, { segmentRollBytes: ROLL })
  const name = 'n'.repeat(500_000)
  await appendSpans(store, ...Array.from({ length: 12 }, (_, index) => sketchOf(RUN, index, { name })))
  await fill(store, 20, 60)
  const lines = await readAllLines(store)
  await store.seal()
  expect(await readAllLines(store)).toEqual(lines)
  expect((await store.checkStore()).problems).toEqual([])
  expect(isSealedFile(join(dir, 'segments', '00000000.zst'))).toBe(true)
})
