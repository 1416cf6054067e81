import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { checkStoreFolder, inspectStore, type OpenStoreOptions, openStore, type Store } from '../../src/store/index.ts'
import { heldBelow } from './support/held-files.ts'
import { appendSpans, hexOf, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'
import { fillUp, remount, SKIPPED, smallDisk } from './support/small-disk.ts'

const textOf = (index: number): string => JSON.stringify(hexOf(64, 'full', index).repeat(1000))
const REFUSED = { code: 'store_write_failed', retryable: true, details: { system: 'ENOSPC' } }

async function append(store: Store, index: number): Promise<void> {
  await appendSpans(store, sketchOf(RUN, index, { content: { input: textOf(index) } }))
}

/** A store of five steps, closed. */
async function made(disk: string): Promise<string> {
  const dir = join(disk, 'store')
  const store = await openStore(dir, { mode: 'write' })
  for (let index = 0; index < 5; index++) await append(store, index)
  await store.index.catchUp()
  await store.close()
  return dir
}

async function open(dir: string, options: Partial<OpenStoreOptions> = {}): Promise<Store> {
  const store = await openStore(dir, { mode: 'write', startedBy: 'a test', ...options })
  onTestFinished(() => store.close().catch(() => undefined))
  return store
}

const steps = (store: Store): (number | undefined)[] => store.index.listSteps(RUN, { limit: 100 }).steps.map(({ core }) => core.sequence)

async function expectServed(store: Store, count = 5): Promise<void> {
  expect(steps(store)).toEqual(Array.from({ length: count }, (_, index) => index))
  for (let index = 0; index < count; index++) expect(store.blobs.read(digestOf(textOf(index))).toString()).toBe(textOf(index))
  expect((await readAllLines(store)).filter((line) => !line.includes('reprise.gap/1'))).toHaveLength(count)
}

async function until(what: string, done: () => boolean): Promise<void> {
  for (let tries = 0; !done(); tries++) {
    if (tries > 200) throw new Error(`waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const inodeOf = (path: string): number => statSync(path).ino
const problemsOf = async (dir: string): Promise<unknown> => {
  const reader = await openStore(dir, { mode: 'read' })
  try {
    return (await reader.checkStore()).problems
  } finally {
    await reader.close()
  }
}

describe.each([false, true])('a store opened for writing on a disk without a free block (index in a thread: %s)', (indexThread) => {
  test('serves reads with the index that is there, refuses appends, and goes on when there is room', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    const inode = inodeOf(join(dir, 'index.db'))
    const ballast = fillUp(disk)
    expect(statfsSync(disk).bavail).toBe(0)
    const store = await open(dir, { indexThread })
    expect(store.problem()).toContain('ENOSPC: it is full')
    expect(store.index.problem()).toBeUndefined()
    await expectServed(store)
    for (let index = 5; index < 8; index++) await expect(append(store, index)).rejects.toMatchObject(REFUSED)
    // Who reads beside it is served by the same index.
    const reader = await openStore(dir, { mode: 'read' })
    await expectServed(reader)
    await reader.close()
    store.tellUrl('http://127.0.0.1:1')
    expect(inspectStore(dir).writer).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1' })
    expect(inodeOf(join(dir, 'index.db'))).toBe(inode)

    rmSync(ballast)
    await append(store, 5)
    await until('the end of the outage', () => store.problem() === undefined)
    await store.index.catchUp()
    expect(steps(store)).toEqual([0, 1, 2, 3, 4, 5])
    await store.close()
    expect(heldBelow(dir) ?? []).toEqual([])
    expect(statSync(join(dir, 'reserve')).size).toBe(1024 * 1024)
    expect(await problemsOf(dir)).toEqual([])
    const lines = (await open(dir).then(readAllLines)).filter((line) => line.includes('reprise.gap/1'))
    expect(lines.map((line) => JSON.parse(line).core)).toMatchObject([{ reason: 'disk-full', count: 3 }])
  })

  test('can be opened again and again while it stays full', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    for (let opened = 0; opened < 12; opened++) {
      fillUp(disk)
      expect(statSync(join(dir, 'reserve')).size).toBeGreaterThan(512 * 1024)
      const store = await open(dir, { indexThread })
      await expectServed(store)
      await expect(append(store, 5)).rejects.toMatchObject(REFUSED)
      fillUp(disk)
      await store.close()
      expect(heldBelow(dir) ?? []).toEqual([])
    }
    expect(await problemsOf(dir)).toEqual([])
  })

  test('says that the index cannot be opened where not even the reserve is left, serves the rest, and opens it when there is room', async ({
    skip,
  }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    const inode = inodeOf(join(dir, 'index.db'))
    rmSync(join(dir, 'reserve'))
    const ballast = fillUp(disk)
    const store = await open(dir, { indexThread })
    expect(store.index.problem()).toContain('no room')
    expect(() => steps(store)).toThrow(expect.objectContaining({ code: 'store_write_failed', retryable: true }))
    expect(() => steps(store)).toThrow('the index cannot be opened: the disk has no room for its side file')
    expect(await readAllLines(store)).toHaveLength(5)
    expect(store.blobs.read(digestOf(textOf(3))).toString()).toBe(textOf(3))
    await expect(append(store, 5)).rejects.toMatchObject(REFUSED)
    // A reader makes an index of its own, in memory.
    const reader = await openStore(dir, { mode: 'read' })
    await expectServed(reader)
    await reader.close()
    rmSync(ballast)
    await until('the index', () => {
      try {
        return steps(store).length === 5
      } catch {
        return false
      }
    })
    await expectServed(store)
    expect(inodeOf(join(dir, 'index.db'))).toBe(inode)
    await append(store, 5)
    await store.index.catchUp()
    expect(store.index.problem()).toBeUndefined()
    await store.close()
    expect(heldBelow(dir) ?? []).toEqual([])
  })

  test('makes an index that has to be made anew when there is room for it, and leaves no half of one', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    for (const name of readdirSync(dir).filter((each) => /^index\.db|^reserve$/.test(each))) rmSync(join(dir, name))
    const ballast = fillUp(disk)
    const store = await open(dir, { indexThread })
    expect(store.index.problem()).toContain('full')
    expect(() => steps(store)).toThrow(expect.objectContaining({ code: 'store_write_failed' }))
    await until('nothing of it', () => !readdirSync(dir).some((each) => each.startsWith('index.db')))
    expect(await readAllLines(store)).toHaveLength(5)
    rmSync(ballast)
    await store.index.catchUp()
    await expectServed(store)
    expect(store.index.problem()).toBeUndefined()
  })

  test('puts aside what a crash left unfinished before it writes again, and shows none of it until then', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    const segment = join(dir, 'segments', '00000000.zst')
    const pack = join(dir, 'blobs', 'packs', '00000001.zst')
    const [segmentBytes, packBytes] = [statSync(segment).size, statSync(pack).size]
    // The last group is torn, its blob is whole; so is what a later pack holds.
    truncateSync(segment, segmentBytes - 1)
    appendFileSync(segment, Buffer.alloc(60_000, 7))
    writeFileSync(join(dir, 'blobs', 'packs', '00000002.zst'), readFileSync(pack).subarray(0, 70_000))
    appendFileSync(pack, Buffer.alloc(50_000, 7))
    rmSync(join(dir, 'reserve'))
    const ballast = fillUp(disk)
    const store = await open(dir, { indexThread })
    expect(store.recovered.cut).toEqual([])
    await store.index.catchUp().catch(() => undefined)
    expect(await readAllLines(store)).toHaveLength(4)
    expect(store.blobs.has(digestOf(textOf(3)))).toBe(true)
    expect(store.blobs.has(digestOf(textOf(4)))).toBe(false)
    await expect(append(store, 5)).rejects.toMatchObject(REFUSED)
    await expect(store.erase({ digests: [digestOf(textOf(0))] })).rejects.toMatchObject(REFUSED)
    expect([statSync(segment).size, statSync(pack).size]).toEqual([segmentBytes + 59_999, packBytes + 50_000])
    expect(readdirSync(join(dir, 'cut'))).toEqual([])
    rmSync(ballast)
    await append(store, 4)
    expect(store.recovered.cut.map(({ file }) => file).sort()).toEqual([
      'blobs/packs/00000001.zst',
      'blobs/packs/00000002.zst',
      'segments/00000000.zst',
    ])
    expect(existsSync(join(dir, 'blobs', 'packs', '00000002.zst'))).toBe(false)
    await store.index.catchUp()
    expect(steps(store)).toEqual([0, 1, 2, 3, 4])
    await store.close()
    expect(await problemsOf(dir)).toEqual([])
  })
})

describe('a disk without a free block', () => {
  test('takes no new store: the refusal names it, and nothing is left behind', async ({ skip }) => {
    const disk = smallDisk('size=4m')
    if (disk === undefined) return skip(SKIPPED)
    fillUp(disk)
    const dir = join(disk, 'a', 'b', 'store')
    for (const indexThread of [false, true]) {
      const error = await openStore(dir, { mode: 'write', indexThread }).catch((reason: unknown) => reason)
      expect(error).toMatchObject(REFUSED)
      expect(String(error)).toContain(`${dir} cannot be opened for writing: the disk refused it (ENOSPC: it is full)`)
      expect(readdirSync(disk)).toEqual(['ballast'])
    }
    expect(heldBelow(disk) ?? []).toEqual([])
  })

  test.for([0, 1, 2, 3, 4, 5, 6])('or with so few (%i), and leaves what others have put there', async (blocks, { skip }) => {
    const disk = smallDisk('size=4m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = join(disk, 'store')
    const spool = join(dir, 'spool')
    await (await openStore(dir, { mode: 'write' })).close()
    for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true })
    writeFileSync(spool, '')
    const ballast = fillUp(disk)
    truncateSync(ballast, statSync(ballast).size - blocks * 4096)
    const opened = await openStore(dir, { mode: 'write' }).catch((error: unknown) => error)
    if (opened instanceof Error) {
      expect(opened).toMatchObject(REFUSED)
      expect(readdirSync(dir)).toEqual(['spool'])
    } else await (opened as Store).close()
    expect(heldBelow(disk) ?? []).toEqual([])
  })

  test('upgrades no store of an earlier format, and leaves it as it was', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    writeFileSync(join(dir, 'format.json'), '{"format":1}\n')
    const ballast = fillUp(disk)
    const names = (): string[] => readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()
    const before = names()
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject(REFUSED)
    expect(names()).toEqual(before)
    expect(readFileSync(join(dir, 'format.json'), 'utf8')).toBe('{"format":1}\n')
    expect(heldBelow(dir) ?? []).toEqual([])
    rmSync(ballast)
    await expectServed(await open(dir))
  })

  test('takes the text of a dead holder away', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    const dead = JSON.stringify({ pid: 999_999_999, host: 'elsewhere', bootId: 'before', startedBy: 'x'.repeat(5000) })
    writeFileSync(join(dir, 'lock'), dead)
    fillUp(disk)
    const store = await open(dir)
    expect(existsSync(join(dir, 'lock')) ? readFileSync(join(dir, 'lock'), 'utf8') : '').not.toContain('elsewhere')
    await expect(openStore(dir, { mode: 'write' })).rejects.toMatchObject({ code: 'store_locked' })
    await store.close()
  })

  test('is no obstacle to who only reads, with the index that is there', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    const inode = inodeOf(join(dir, 'index.db'))
    for (const rest of ['reserve', 'none']) {
      if (rest === 'none') rmSync(join(dir, 'reserve'))
      fillUp(disk)
      const reader = await openStore(dir, { mode: 'read' })
      await expectServed(reader)
      expect(reader.index.problem()).toBeUndefined()
      await reader.close()
      expect(heldBelow(dir) ?? []).toEqual([])
      expect(inodeOf(join(dir, 'index.db'))).toBe(inode)
    }
  })
})

test('a check for which the temporary folder has no room says so, and calls no index damaged', async ({ skip }) => {
  const disk = smallDisk('size=1m')
  if (disk === undefined) return skip(SKIPPED)
  const dir = await made(temporaryFolder())
  fillUp(disk)
  vi.stubEnv('TMPDIR', disk)
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(checkStoreFolder(dir)).rejects.toMatchObject({ ...REFUSED, message: expect.stringContaining(`no room for that in ${disk}`) })
  expect(readdirSync(disk)).toEqual(['ballast'])
})

test.each([false, true])('an index that cannot be opened for whatever reason but damage is kept (in a thread: %s)', async (indexThread) => {
  const dir = await made(temporaryFolder())
  const inode = inodeOf(join(dir, 'index.db'))
  // SQLite says of it what it says without a descriptor left.
  mkdirSync(join(dir, 'index.db-wal'))
  const store = await open(dir, { indexThread })
  expect(store.index.problem()).toBe('unable to open database file')
  expect(() => steps(store)).toThrow('the index cannot be opened: unable to open database file')
  const reader = await openStore(dir, { mode: 'read' })
  await expectServed(reader)
  await reader.close()
  rmdirSync(join(dir, 'index.db-wal'))
  await append(store, 5)
  await store.index.catchUp()
  await expectServed(store, 6)
  expect(store.index.problem()).toBeUndefined()
  await store.close()
  expect(inodeOf(join(dir, 'index.db'))).toBe(inode)
  expect(heldBelow(dir) ?? []).toEqual([])
})

describe('a file system that can only be read', () => {
  test('is read from, and writing is refused by name', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = await made(disk)
    fillUp(disk)
    remount(disk, 'ro')
    const reader = await openStore(dir, { mode: 'read' })
    await expectServed(reader)
    expect((await reader.checkStore()).problems).toEqual([])
    await reader.close()
    const error = await openStore(dir, { mode: 'write' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'store_write_failed' })
    expect(String(error)).toContain(`${dir} cannot be opened for writing`)
    await expect(openStore(join(disk, 'other'), { mode: 'write' })).rejects.toMatchObject({
      code: 'store_write_failed',
      details: { system: 'EROFS' },
    })
    expect(heldBelow(disk) ?? []).toEqual([])
  })
})
