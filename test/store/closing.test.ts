import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, test, vi } from 'vitest'
import { checkStoreFolder } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, RUN, sketchOf, temporaryFolder } from './support/records.ts'

const ROUNDS = 16
const GROUPS = 8

afterEach(() => {
  vi.restoreAllMocks()
})

// A thread ended by force while it packs or unpacks takes now and then its whole process with it.
test('a thread that seals is ended when it has given up its file, and not before', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir, { segmentRollBytes: 20_000 })
  for (let index = 0; index < 60; index++)
    await appendSpans(store, sketchOf(RUN, index, { content: { input: JSON.stringify(hexOf(60, index).repeat(20)), output: '"x"' } }))
  let working = 0
  const workingAtEnd: number[] = []
  let began = (): void => undefined
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve
  })
  const { postMessage, terminate } = Worker.prototype
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ...message: Parameters<typeof postMessage>) {
    working++
    this.once('message', () => working--)
    postMessage.apply(this, message)
    began()
  })
  vi.spyOn(Worker.prototype, 'terminate').mockImplementation(async function (this: Worker) {
    workingAtEnd.push(working)
    return await terminate.call(this)
  })
  const sealing = store.seal()
  await hasBegun
  expect(working).toBe(1)
  await store.close()
  await sealing
  expect(workingAtEnd.length).toBeGreaterThan(0)
  expect(workingAtEnd.every((count) => count === 0)).toBe(true)
  expect(await checkStoreFolder(dir)).toMatchObject({ problems: [], groups: 60 })
})

test.each(['seal', 'reindex'])(
  'a store can be closed at any moment of a %s, and the process lives on',
  async (what) => {
    const dir = temporaryFolder()
    const child = spawn(process.execPath, [fileURLToPath(new URL('support/closer.ts', import.meta.url)), dir, what, String(ROUNDS)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let problems = ''
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      problems += data.toString()
    })
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      child.once('close', (...ended) => resolve(ended)),
    )
    expect({ code, signal, problems }).toEqual({ code: 0, signal: null, problems: '' })
    expect(said.match(/under way/g)?.length).toBeGreaterThan(ROUNDS / 2)
    expect(await checkStoreFolder(dir)).toMatchObject({ problems: [], groups: ROUNDS * GROUPS })
  },
  120_000,
)
