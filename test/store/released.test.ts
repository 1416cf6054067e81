import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type OpenStoreOptions, openStore, type Store } from '../../src/store/index.ts'
import { closing, failing } from './support/failing-close.ts'
import { type FaultKind, faults } from './support/faulty-fs.ts'
import { heldBelow, threadCount } from './support/held-files.ts'
import { appendSpans, hexOf, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

vi.mock('node:fs', async (original) => {
  const { faultyFs } = await import('./support/faulty-fs.ts')
  return (await import('./support/failing-close.ts')).failingClose(faultyFs(await original()))
})
vi.mock('node:fs/promises', async (original) => (await import('./support/faulty-fs.ts')).faultyPromises(await original()))

const OPTIONS: OpenStoreOptions = { mode: 'write', segmentRollBytes: 4000 }

async function fill(store: Store): Promise<void> {
  for (let index = 0; index < 12; index++)
    await appendSpans(store, sketchOf(RUN, index, { content: { input: JSON.stringify(hexOf(64, index).repeat(9)) } }))
}

async function made(): Promise<string> {
  const dir = temporaryFolder()
  const store = await openStore(dir, OPTIONS)
  await fill(store)
  await store.close()
  return dir
}

/** With something of everything that opening has to do: tails that are torn, a pack without its side file, no index, nothing told. */
function crashedCopy(dir: string): string {
  const copy = join(temporaryFolder({ inMemory: true }), 'store')
  cpSync(dir, copy, { recursive: true })
  const packs = join(copy, 'blobs', 'packs')
  for (const folder of [join(copy, 'segments'), packs]) {
    const last = readdirSync(folder).findLast((name) => name.endsWith('.zst')) ?? ''
    appendFileSync(join(folder, last), 'a torn tail')
  }
  for (const path of [join(packs, '00000001.idx'), join(copy, 'index.db'), join(copy, 'reserve')]) rmSync(path)
  return copy
}

let skipped = false
beforeAll(() => {
  skipped = heldBelow('/') === undefined
})
const NO_PROC = 'SKIPPED: this system does not tell which files are open'

describe('an opening that fails', () => {
  test.each<FaultKind>(['EIO', 'EMFILE', 'ENOSPC', 'EROFS'])(
    'at any call (%s) leaves nothing open, and the next one works',
    async (kind) => {
      if (skipped) return console.warn(NO_PROC)
      faults.arm()
      const dir = await made()
      let refused = 0
      for (let at = 0, count = 1; at < count; at++) {
        faults.arm()
        const copy = crashedCopy(dir)
        faults.arm({ kind, at })
        try {
          const store = await openStore(copy, OPTIONS)
          count = Math.max(count, faults.count)
          faults.arm()
          await store.close()
        } catch (error) {
          refused++
          count = Math.max(count, faults.count + 1)
          expect(error).toMatchObject({ code: 'store_write_failed', details: { system: kind } })
          expect(String(error)).toContain(`${copy} cannot be opened for writing: the disk refused it (${kind}`)
        }
        expect(heldBelow(copy), `${kind} at ${at}: ${faults.hit.join()}`).toEqual([])
        faults.arm()
        const store = await openStore(copy, OPTIONS)
        await store.index.catchUp()
        expect(store.readSummary().records).toBe(12)
        await store.close()
      }
      console.log(`receipt: ${kind}: ${refused} openings refused`)
      expect(refused).toBeGreaterThan(0)
    },
  )

  test('when all is open already ends its threads, and lets go of files, maps and lock', async () => {
    if (skipped) return console.warn(NO_PROC)
    faults.arm()
    const dir = await made()
    const threads = threadCount()
    writeFileSync(join(dir, 'erasing.json'), '{}')
    for (const more of [{}, { indexThread: true, seal: true }]) {
      await expect(openStore(dir, { ...OPTIONS, ...more })).rejects.toThrow(TypeError)
      expect(heldBelow(dir)).toEqual([])
      expect(existsSync(join(dir, 'lock'))).toBe(false)
    }
    await vi.waitFor(() => expect(threadCount()).toBeLessThanOrEqual(threads))
  })

  test('to read lets go of what it had taken', async () => {
    if (skipped) return console.warn(NO_PROC)
    faults.arm()
    const dir = await made()
    mkdirSync(join(dir, 'blobs', 'packs', '00000099.zst'))
    await expect(openStore(dir, { mode: 'read' })).rejects.toMatchObject({ code: 'EISDIR' })
    expect(heldBelow(dir)).toEqual([])
  })
})

describe('closing', () => {
  test.each([{}, { indexThread: true, seal: true }])(
    'closes every part, whichever of them fails, and tells the first failure (%o)',
    async (more) => {
      if (skipped) return console.warn(NO_PROC)
      faults.arm()
      let told = 0
      for (let at = 0, count = 1; at < count; at++) {
        const dir = temporaryFolder({ inMemory: true })
        const store = await openStore(dir, { ...OPTIONS, ...more })
        await fill(store)
        await store.index.catchUp()
        store.index.listRuns({ limit: 1 })
        failing.at = at
        failing.times = 2
        const closed = await closing(() => store.close())
        count = Math.max(count, failing.count)
        if (closed.error !== undefined) {
          told++
          expect(String(closed.error)).toContain(`injected, close ${at}`)
        }
        expect(heldBelow(dir), `close ${at}`).toEqual([])
        await (await openStore(dir, OPTIONS)).close()
      }
      expect(told).toBeGreaterThan(2)
    },
  )

  test('a reader likewise', async () => {
    if (skipped) return console.warn(NO_PROC)
    faults.arm()
    const dir = await made()
    let told = 0
    for (let at = 0, count = 1; at < count; at++) {
      const store = await openStore(dir, { mode: 'read' })
      await readAllLines(store)
      failing.at = at
      failing.times = 1
      const closed = await closing(() => store.close())
      count = Math.max(count, failing.count)
      if (closed.error !== undefined) told++
      expect(heldBelow(dir), `close ${at}`).toEqual([])
    }
    expect(told).toBeGreaterThan(2)
  })
})
