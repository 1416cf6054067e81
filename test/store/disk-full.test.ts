import { cpSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { appendSpans, hexOf, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'
import { SKIPPED, smallDisk } from './support/small-disk.ts'

const textOf = (index: number): string => JSON.stringify(hexOf(64, index).repeat(500))

/** Appends until the disk is full; gives the numbers that were acknowledged, and how many were refused. */
async function fillDisk(store: Store, from: number): Promise<{ acknowledged: number[]; refused: number }> {
  const acknowledged: number[] = []
  let refused = 0
  for (let index = from; refused < 3; index++) {
    try {
      await appendSpans(store, sketchOf(RUN, index, { content: { input: textOf(index) } }))
      acknowledged.push(index)
    } catch (error) {
      expect(error).toMatchObject({ code: 'store_write_failed', retryable: true, details: { system: 'ENOSPC' } })
      refused++
    }
  }
  return { acknowledged, refused }
}

async function gapsOf(dir: string): Promise<unknown[]> {
  const reader = await openStore(dir, { mode: 'read' })
  try {
    expect((await reader.checkStore()).problems).toEqual([])
    return (await readAllLines(reader)).flatMap((line) => (line.includes('reprise.gap/1') ? [JSON.parse(line).core] : []))
  } finally {
    await reader.close()
  }
}

const gap = (count: number): unknown => ({ schema: 'reprise.gap/1', namespace: 'local', reason: 'disk-full', count })

describe('a full disk', () => {
  test('refuses for now, serves reads, and takes writes again by itself; one gap record tells what was refused', async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))
    const dir = join(disk, 'store')
    const store = await openStore(dir, { mode: 'write', segmentRollBytes: 256 * 1024 })
    const { acknowledged, refused } = await fillDisk(store, 0)
    expect(acknowledged.length).toBeGreaterThan(10)
    expect(store.problem()).toContain('ENOSPC')
    for (const index of acknowledged) expect(store.blobs.read(digestOf(textOf(index))).toString()).toBe(textOf(index))
    expect(await readAllLines(store)).toHaveLength(acknowledged.length)
    rmSync(ballast)
    // No restart, and nothing but the next batch.
    await appendSpans(store, sketchOf(RUN, 9000, { content: { input: textOf(9000) } }))
    for (let tries = 0; store.problem() !== undefined && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(store.problem()).toBeUndefined()
    await store.close()
    expect(await gapsOf(dir)).toEqual([gap(refused)])
  })

  test('is noticed to have room again without a write of anybody', { timeout: 20_000 }, async ({ skip }) => {
    const disk = smallDisk('size=8m')
    if (disk === undefined) return skip(SKIPPED)
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))
    const dir = join(disk, 'store')
    const store = await openStore(dir, { mode: 'write' })
    const { refused } = await fillDisk(store, 0)
    rmSync(ballast)
    for (let tries = 0; store.problem() !== undefined && tries < 200; tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(store.problem()).toBeUndefined()
    await store.close()
    expect(await gapsOf(dir)).toEqual([gap(refused)])
  })

  test('that stays full still takes the last word, in space that was kept for it', async ({ skip }) => {
    const disk = smallDisk('size=4m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = join(disk, 'store')
    const store = await openStore(dir, { mode: 'write' })
    const { acknowledged, refused } = await fillDisk(store, 0)
    // Not a byte is left but the reserve.
    try {
      writeFileSync(join(disk, 'rest'), Buffer.alloc(8 * 1024 * 1024))
    } catch {
      expect(statfsSync(disk).bavail).toBe(0)
    }
    await store.close()
    expect(await gapsOf(dir)).toEqual([gap(refused)])
    const reader = await openStore(dir, { mode: 'read' })
    expect(await readAllLines(reader)).toHaveLength(acknowledged.length + 1)
    await reader.close()
  })

  test('whose writer is killed is told of by the next one', async ({ skip }) => {
    const disk = smallDisk('size=4m')
    if (disk === undefined) return skip(SKIPPED)
    const dir = join(disk, 'store')
    const store = await openStore(dir, { mode: 'write' })
    const { refused } = await fillDisk(store, 0)
    // As if it were killed now: what is on the disk at this moment, with more room.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await appendSpans(store, sketchOf(RUN, 8000, { content: { input: textOf(8000) } })).catch(() => undefined)
    const copy = join(temporaryFolder(), 'copy')
    cpSync(dir, copy, { recursive: true })
    expect(readFileSync(join(copy, 'reserve'), 'utf8')).toContain(`"count":${refused + 1}`)
    await store.close()
    rmSync(join(copy, 'lock'))
    const next = await openStore(copy, { mode: 'write' })
    await next.close()
    expect(await gapsOf(copy)).toEqual([gap(refused + 1)])
    await (await openStore(copy, { mode: 'write' })).close()
    expect(await gapsOf(copy)).toHaveLength(1)
  })
})

test('a damaged group is told of by one gap record, however often the store is opened', async () => {
  const dir = temporaryFolder()
  const store = await openStore(dir, { mode: 'write' })
  for (let index = 0; index < 3; index++) await appendSpans(store, sketchOf(RUN, index * 2), sketchOf(RUN, index * 2 + 1))
  await store.close()
  const path = join(dir, 'segments', '00000000.zst')
  const bytes = readFileSync(path)
  const at = bytes.indexOf('step 2')
  bytes[at] = 0x53
  writeFileSync(path, bytes)
  for (let opened = 0; opened < 3; opened++) await (await openStore(dir, { mode: 'write' })).close()
  const reader = await openStore(dir, { mode: 'read' })
  const lines: string[] = []
  for (const group of [0, 2, 3]) lines.push(reader.tape.readLine(group, 0))
  expect(JSON.parse(lines[2] ?? '').core).toEqual({ schema: 'reprise.gap/1', namespace: 'local', reason: 'damaged-group:1', count: 2 })
  expect(reader.tape.head().group).toBe(3)
  expect(() => reader.tape.readLine(1, 0)).toThrow(expect.objectContaining({ code: 'integrity' }))
  expect(reader.readSummary().gaps).toBe(2)
  await reader.close()
})
