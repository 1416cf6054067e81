import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { backupStore, checkStoreFolder, inspectStore, openStore, type Store } from '../../src/store/index.ts'
import { networkNameOf } from '../../src/store/inspect-store.ts'
import { appendSpans, hexOf, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'
import { SKIPPED, smallDisk } from './support/small-disk.ts'

/** Makes empty files until there is no inode left. */
function takeInodes(disk: string): string {
  const folder = join(disk, 'others')
  mkdirSync(folder)
  for (let index = 0; statfsSync(disk).ffree > 0; index++) writeFileSync(join(folder, String(index)), '')
  return folder
}

const ROLL = 48_000
const textOf = (index: number): string => JSON.stringify(hexOf(64, 'inode', index).repeat(40))

async function append(store: Store, index: number): Promise<boolean> {
  try {
    await appendSpans(store, sketchOf(RUN, index, { content: { input: textOf(index) } }))
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'store_write_failed', retryable: true, details: { system: 'ENOSPC' } })
    return false
  }
}

describe('a file system without an inode left', () => {
  test('refuses what needs another file, says why, serves reads, and goes on when there are some again', async ({ skip }) => {
    const disk = smallDisk('size=64m,nr_inodes=64')
    if (disk === undefined) return skip(SKIPPED)
    const dir = join(disk, 'store')
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    const acknowledged: number[] = []
    for (let index = 0; index < 5; index++) if (await append(store, index)) acknowledged.push(index)
    expect(acknowledged).toHaveLength(5)
    const others = takeInodes(disk)
    // There is room for bytes, and files that are there already take more.
    let next = 5
    let refused = 0
    for (; refused < 3 && next < 500; next++) {
      if (await append(store, next)) acknowledged.push(next)
      else refused++
    }
    expect(refused).toBe(3)
    expect(acknowledged.length).toBeGreaterThan(6)
    expect(store.problem()).toContain('no inode left')
    // A payload that is a file of its own, too.
    await expect(appendSpans(store, sketchOf(RUN, 900, { content: { input: new Uint8Array(1_100_000) } }))).rejects.toMatchObject({
      code: 'store_write_failed',
    })
    for (const index of acknowledged) expect(store.blobs.read(digestOf(textOf(index))).toString()).toBe(textOf(index))

    rmSync(others, { recursive: true })
    for (const end = next + 40; next < end; next++) if (await append(store, next)) acknowledged.push(next)
    expect(acknowledged.at(-1)).toBe(next - 1)
    expect(store.problem()).toBeUndefined()
    await store.close()
    expect((await checkStoreFolder(dir)).problems).toEqual([])
    const reader = await openStore(dir, { mode: 'read' })
    const cores = (await readAllLines(reader)).map(
      (line) => (JSON.parse(line) as { core: { schema: string; sequence?: number; count?: number } }).core,
    )
    await reader.close()
    const spans = cores.filter(({ schema }) => schema === 'reprise.span/1').map(({ sequence }) => sequence)
    expect(spans).toEqual(acknowledged)
    // What was refused is told once there is room: three steps and the large one.
    expect(cores.filter(({ schema }) => schema === 'reprise.gap/1').reduce((sum, { count = 0 }) => sum + count, 0)).toBe(4)
  }, 30_000)
})

test('a store opened where no inode is left serves what needs no other file, and the index when there are some again', async ({ skip }) => {
  const disk = smallDisk('size=64m,nr_inodes=64')
  if (disk === undefined) return skip(SKIPPED)
  const dir = join(disk, 'store')
  const before = await openForTest(dir)
  for (let index = 0; index < 3; index++) expect(await append(before, index)).toBe(true)
  await before.close()
  const others = takeInodes(disk)
  const store = await openForTest(dir)
  expect(await readAllLines(store)).toHaveLength(3)
  expect(() => store.index.listRuns({ limit: 1 })).toThrow('the index cannot be opened')
  // The files that are written to have room.
  expect(await append(store, 3)).toBe(true)
  rmSync(others, { recursive: true })
  await store.index.catchUp()
  expect(store.index.listRuns({ limit: 1 }).runs).toMatchObject([{ steps: 4 }])
  await store.close()
  expect((await checkStoreFolder(dir)).problems).toEqual([])
})

describe('names', () => {
  test('of a store and of its backup may have 255 bytes', async () => {
    const folder = temporaryFolder()
    const dir = join(folder, 's'.repeat(255))
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    for (let index = 0; index < 40; index++) expect(await append(store, index)).toBe(true)
    await store.seal()
    expect((await store.erase({ digests: [digestOf(textOf(3))] })).payloads).toBe(1)
    const copy = join(folder, 'b'.repeat(255))
    expect((await backupStore(dir, copy)).check.problemCount).toBe(0)
    expect((await checkStoreFolder(copy)).problems).toEqual([])
  })

  test('that a store makes are told from each other whatever a file system does with capitals', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: ROLL })
    for (let index = 0; index < 40; index++) expect(await append(store, index)).toBe(true)
    await appendSpans(store, sketchOf(RUN, 900, { content: { input: new Uint8Array(1_100_000) } }))
    await store.seal()
    await store.openCursor('forward-a').save(1, 0)
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    expect(names.length).toBeGreaterThan(12)
    expect(names.filter((name) => !/^[a-z0-9._/-]+$/.test(name))).toEqual([])
    for (const name of names) for (const part of name.split('/')) expect(part.length).toBeLessThan(100)
  })
})

test('a file system of another machine is told by its number, and this one is none', () => {
  expect([0x6969, 0xff534d42, -0xacb2be, 0x01021997].map((type) => networkNameOf(type))).toEqual(['NFS', 'CIFS', 'CIFS', '9P'])
  // tmpfs, ext4, xfs, btrfs, overlay.
  expect([0x01021994, 0xef53, 0x58465342, 0x9123683e, 0x794c7630].map((type) => networkNameOf(type))).toEqual(Array(5).fill(undefined))
  expect(inspectStore(temporaryFolder()).network).toBeUndefined()
})
