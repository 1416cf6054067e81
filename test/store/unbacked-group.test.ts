import { cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { checkStoreFolder } from '../../src/store/index.ts'
import { appendSpans, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

const PACK = 'blobs/packs/00000001.zst'
const SEGMENT = 'segments/00000000.zst'
const contentOf = (index: number): string => JSON.stringify(`${index} `.repeat(200))

/** What a power cut leaves where the last group had reached the disk and its blobs had not, or not wholly. */
describe('a last group whose blobs are not on the disk', () => {
  let dir = ''
  let packBytes: number[] = []
  let segmentBytes: number[] = []

  beforeEach(async () => {
    dir = temporaryFolder()
    packBytes = []
    segmentBytes = []
    const store = await openForTest(dir)
    for (let index = 0; index < 3; index++) {
      await appendSpans(store, sketchOf(RUN, index, { content: { input: contentOf(index), output: contentOf(index + 100) } }))
      packBytes.push(statSync(join(dir, PACK)).size)
      segmentBytes.push(statSync(join(dir, SEGMENT)).size)
    }
    await store.close()
  })

  function copyOf(): string {
    const copy = join(temporaryFolder(), 'copy')
    mkdirSync(copy)
    for (const name of ['format.json', 'segments', 'blobs', 'keys', 'views']) cpSync(join(dir, name), join(copy, name), { recursive: true })
    return copy
  }
  async function expectCut(copy: string): Promise<void> {
    const [, groupAt = 0, fileBytes = 0] = segmentBytes
    const check = await checkStoreFolder(copy)
    expect(check).toMatchObject({ groups: 2, records: 2, unfinishedBytes: fileBytes - groupAt })
    expect(check.problems).toEqual([])
    const store = await openForTest(copy)
    expect(store.recovered).toMatchObject({
      cut: expect.arrayContaining([{ file: SEGMENT, atBytes: groupAt, cutBytes: fileBytes - groupAt, keptAs: expect.any(String) }]),
      damagedGroups: 0,
    })
    expect(statSync(join(copy, PACK)).size).toBe(packBytes[1])
    expect((await readAllLines(store)).map((line) => JSON.parse(line).core.sequence)).toEqual([0, 1])
    // The sender was told nothing, and sends it again.
    await appendSpans(store, sketchOf(RUN, 2, { content: { input: contentOf(2), output: contentOf(102) } }))
    expect((await store.checkStore()).problems).toEqual([])
    await store.close()
    const again = await openForTest(copy)
    expect(again.recovered.cut).toEqual([])
    expect((await readAllLines(again)).map((line) => JSON.parse(line).core.sequence)).toEqual([0, 1, 2])
    for (const index of [0, 1, 2, 100, 101, 102]) expect(again.blobs.read(digestOf(contentOf(index))).toString()).toBe(contentOf(index))
    await again.close()
    rmSync(copy, { recursive: true })
  }

  test('is cut, however much of them is missing', async () => {
    const [, from = 0, to = 0] = packBytes
    for (let bytes = from; bytes < to; bytes += 61) {
      const copy = copyOf()
      truncateSync(join(copy, PACK), bytes)
      await expectCut(copy)
    }
  })

  test('is cut where they began a pack whose name is not there', async () => {
    const copy = join(temporaryFolder(), 'copy')
    const store = await openForTest(copy)
    await appendSpans(store, sketchOf(RUN, 0, { content: { input: contentOf(0) } }))
    await store.close()
    rmSync(join(copy, PACK))
    expect(await checkStoreFolder(copy)).toMatchObject({ groups: 0, records: 0, problems: [] })
    const again = await openForTest(copy)
    expect(again.recovered.cut).toMatchObject([{ file: SEGMENT, atBytes: 0 }])
    expect(await readAllLines(again)).toEqual([])
  })

  test('is cut where their place is there and holds zeros', async () => {
    const [, from = 0, to = 0] = packBytes
    const sector = Math.ceil(from / 512) * 512
    expect(to).toBeGreaterThan(sector + 512)
    for (const [zerosFrom, zerosTo] of [
      [from, to],
      [sector, to],
      [from, sector],
      [sector, sector + 512],
      [to - (to % 512), to],
    ] as const) {
      const copy = copyOf()
      writeFileSync(join(copy, PACK), readFileSync(join(dir, PACK)).fill(0, zerosFrom, zerosTo))
      await expectCut(copy)
    }
  })

  test('is no other: what the groups before it vouch for is damage that is told, and nothing is cut', async () => {
    const [first = 0, second = 0] = packBytes
    for (const change of [
      (path: string) => writeFileSync(path, readFileSync(path).fill(0, first, first + 1024)),
      (path: string) => truncateSync(path, second - 10),
      (path: string) => writeFileSync(path, readFileSync(path).fill(1, second + 300, second + 301)),
      (path: string) => writeFileSync(path, readFileSync(path).fill(1, second + 1, second + 2)),
    ]) {
      const copy = copyOf()
      change(join(copy, PACK))
      const check = await checkStoreFolder(copy)
      expect(check).toMatchObject({ groups: 3, records: 3 })
      expect(check.problemCount).toBeGreaterThan(0)
      const store = await openForTest(copy)
      expect(store.recovered.cut.filter(({ file }) => file === SEGMENT)).toEqual([])
      expect(await readAllLines(store)).toHaveLength(3)
    }
  })

  test('is none where it brought no blobs', async () => {
    const copy = copyOf()
    const store = await openForTest(copy)
    await appendSpans(store, sketchOf(RUN, 3, { content: { input: contentOf(0) } }))
    await store.close()
    truncateSync(join(copy, PACK), packBytes[1])
    const again = await openForTest(copy)
    expect(again.recovered.cut).toEqual([])
    expect(await readAllLines(again)).toHaveLength(4)
  })
})
