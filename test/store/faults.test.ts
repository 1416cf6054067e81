import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { layoutOf } from '../../src/store/files/layout.ts'
import { checkStoreFolder, openStore, type Store } from '../../src/store/index.ts'
import { runSealJob } from '../../src/store/seal/seal-job.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { type FaultPlan, faults } from './support/faulty-fs.ts'
import { prepareRaw } from './support/raw-record.ts'
import { readAllLines, temporaryFolder } from './support/records.ts'

vi.mock('node:fs', async (original) => (await import('./support/faulty-fs.ts')).faultyFs(await original()))
vi.mock('node:fs/promises', async (original) => (await import('./support/faulty-fs.ts')).faultyPromises(await original()))

// Every n-th operation when this is 1, as it should be now and then; by default a part of them, another one for each plan.
const STRIDE = Number(process.env['REPRISE_FAULT_STRIDE'] ?? 7)
const LARGE = 1_050_000
const ROLL = 4_000
const TRIES = 12

const dataOf = (number: number): Uint8Array => new Uint8Array(number === 5 ? LARGE : 300 + number).fill(65 + (number % 26))

interface Outcome {
  readonly acknowledged: Set<number>
  /** Errors that callers saw: each must say that trying again can help. */
  readonly seen: unknown[]
  /** Records that were refused, each as often as it was. */
  refused: number
}

/** Until it works: a fault that passes must not leave anything that keeps the next try from working. */
async function insist<T>(outcome: Outcome, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act()
    } catch (error) {
      outcome.seen.push(error)
      if (tries === TRIES) throw error
    }
  }
}

async function append(store: Store, outcome: Outcome, number: number): Promise<void> {
  const { record, blob } = prepareRaw(number, dataOf(number))
  await insist(outcome, async () => {
    try {
      await store.append({ records: [record], blobs: [blob] })
    } catch (error) {
      outcome.refused++
      throw error
    }
  })
  outcome.acknowledged.add(number)
}

/** Whatever a store does to the disk: it is made, written, closed, recovered, written on, sealed and closed. */
async function program(dir: string): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: new Set(), seen: [], refused: 0 }
  const open = (): Promise<Store> => insist(outcome, () => openStore(dir, { mode: 'write', segmentRollBytes: ROLL }))
  const store = await open()
  for (let number = 0; number < 9; number++) await append(store, outcome, number)
  await insist(outcome, () => store.openCursor('forward-1').save(3, 0))
  await store.close()
  const tape = new Tape(layoutOf(dir))
  appendFileSync(tape.segmentFile(tape.segments().at(-1) ?? 0), 'a torn tail')
  tape.close()
  const again = await open()
  // Blobs of one are written while records of another are.
  const overlapping: Promise<void>[] = []
  for (let number = 9; number < 13; number++) {
    overlapping.push(append(again, outcome, number))
    await nextTurn()
  }
  await Promise.all(overlapping)
  const segments = again.tape.head().group < 0 ? [] : new Tape(layoutOf(dir)).segments()
  for (const [index, number] of segments.slice(0, -1).entries()) {
    const path = join(dir, 'segments', `${String(number).padStart(8, '0')}.zst`)
    await insist(outcome, async () => runSealJob({ type: 'segment', path, number, endGroup: segments[index + 1] ?? 0 }))
  }
  const packs = join(dir, 'blobs', 'packs')
  const [pack = ''] = readdirSync(packs)
    .filter((name) => name.endsWith('.zst'))
    .sort()
  await insist(outcome, async () => runSealJob({ type: 'pack', path: join(packs, pack), number: 0 }))
  await again.close()
  return outcome
}

async function judge(dir: string, { acknowledged, refused }: Outcome, what: string): Promise<void> {
  faults.arm()
  const check = await checkStoreFolder(dir)
  expect(check.problems, what).toEqual([])
  const store = await openStore(dir, { mode: 'write' })
  for (const number of acknowledged) expect(store.blobs.read(digestOf(dataOf(number))).length, what).toBe(dataOf(number).length)
  await store.close()
  const reader = await openStore(dir, { mode: 'read' })
  try {
    const cores = (await readAllLines(reader)).map((line) => JSON.parse(line).core)
    const stored = cores.filter(({ schema }) => schema === 'reprise.span/1').map(({ sequence }) => Number(sequence))
    expect(
      [...stored].sort((left, right) => left - right),
      what,
    ).toEqual([...acknowledged].sort((left, right) => left - right))
    const told = cores.filter(({ schema }) => schema === 'reprise.gap/1').reduce((sum, { count }) => sum + Number(count), 0)
    expect(told, `${what}: what gap records tell`).toBe(refused)
    expect((await reader.checkStore()).problems, what).toEqual([])
  } finally {
    await reader.close()
  }
}

/** Runs the program once for each operation that may be the one to fail. */
async function failEach(
  first: number,
  planOf: (at: number) => FaultPlan,
): Promise<{ runs: number; hits: number; operations: Set<string> }> {
  const operations = new Set<string>()
  let hits = 0
  let runs = 0
  for (let at = first; ; at += STRIDE) {
    const dir = temporaryFolder({ inMemory: true })
    const plan = planOf(at)
    faults.arm(plan)
    const what = JSON.stringify(plan)
    let outcome: Outcome
    try {
      outcome = await program(dir)
    } catch (cause) {
      throw new Error(`${what}: ${faults.hit.join()}`, { cause })
    }
    const { count, hit } = faults
    runs++
    hits += hit.length
    for (const operation of hit) operations.add(operation)
    for (const error of outcome.seen) expect(String(error), what).toMatch(/injected|already wait|could not/)
    await judge(dir, outcome, what)
    if (at >= count) return { runs, hits, operations }
  }
}

describe('an error at any operation of the disk loses nothing that was acknowledged, doubles nothing and leaves a sound store', () => {
  test.each<[string, number, (at: number) => FaultPlan]>([
    ['EIO', 0, (at) => ({ kind: 'EIO', at })],
    ['ENOSPC', 1, (at) => ({ kind: 'ENOSPC', at })],
    ['a short write', 3, (at) => ({ kind: 'short', at })],
    ['EIO, and nothing can be cut', 3, (at) => ({ kind: 'EIO', at, truncates: true })],
    ['ENOSPC for seven operations', 2, (at) => ({ kind: 'ENOSPC', at, times: 7 })],
    ['EROFS for seven operations', 4, (at) => ({ kind: 'EROFS', at, times: 7 })],
    // Each of these meets a part of the operations alone, and so comes for longer.
    ['EFBIG, for a while', 5, (at) => ({ kind: 'EFBIG', at, times: 7 })],
    ['EXDEV, for a while', 6, (at) => ({ kind: 'EXDEV', at, times: 7 })],
    ['EMFILE, for a while', 0, (at) => ({ kind: 'EMFILE', at, times: 7 })],
  ])('%s', { timeout: 300_000 }, async (_, first, planOf) => {
    const { runs, hits, operations } = await failEach(first % STRIDE, planOf)
    console.log(`receipt: ${runs} runs, ${hits} faults at ${[...operations].sort().join(', ')}, 0 lost, 0 doubled`)
    expect(hits).toBeGreaterThan(runs / 8)
  })
})
