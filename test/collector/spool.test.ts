import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../src/collector/log.ts'
import { startSpoolIntake, type TakenBody } from '../../src/collector/spool/spool-intake.ts'
import { frameHeader } from '../../src/sdk/spool/frames.ts'
import { pickUpSpool } from '../../src/sdk/spool/pick-up.ts'
import { SpoolFolder } from '../../src/sdk/spool/spool-folder.ts'
import { openStore } from '../../src/store/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, filesWith, post, readTape, until } from './support.ts'

const bench = new Bench()
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await bench.tearDown()
})

const TRACE = 'ab'.repeat(16)
let made = 0
const idOf = (index: number): string => (0x1000_0000 + index).toString(16).padStart(16, '0')

/** A body of one span; the number is its name. */
function bodyOf(index: number, text = ''): Uint8Array {
  return writeTraces(groupOf([bareSpan({ traceId: TRACE, spanId: idOf(index), name: String(index), attributes: [['text', text]] })]))
}

function spoolIn(folder: string): SpoolFolder {
  const spool = new SpoolFolder(join(folder, 'spool'))
  spool.prepare()
  return spool
}

/** One file with bodies of one span each; gives their numbers. */
function leave(spool: SpoolFolder, bodies: number, text?: string): number[] {
  const numbers = Array.from({ length: bodies }, () => made++)
  const frames = numbers.map((index) => ({ body: bodyOf(index, text), spans: 1 }))
  spool.write(
    '00000000',
    bodies,
    frames.flatMap((frame) => [frameHeader(frame), frame.body]),
  )
  return numbers
}

const left = (spool: SpoolFolder): string[] => spool.list().map(({ state }) => state)
const namesOf = (spans: readonly { readonly core: { readonly name: string } }[]): number[] =>
  spans.map(({ core }) => Number(core.name)).sort((a, b) => a - b)

describe('a collector', () => {
  test('takes in what it finds at its start and what comes while it runs, redacted like anything else', async () => {
    const store = bench.folder()
    const spool = spoolIn(store)
    const first = leave(spool, 3, 'mail bob@example.com')
    const collector = await bench.collector({ store })
    await until('the first file', () => left(spool).length === 0)
    const second = [...leave(spool, 2), ...leave(spool, 1)]
    await until('the other files', () => left(spool).length === 0)
    await collector.close()
    expect(namesOf((await readTape(store)).spans)).toEqual([...first, ...second])
    expect(filesWith(store, 'bob@example.com')).toEqual([])
  })

  test('looks into the folder that it is told of, and makes none', async () => {
    const store = join(bench.folder(), 'store')
    const elsewhere = bench.folder()
    const spool = spoolIn(elsewhere)
    leave(spool, 1)
    const collector = await bench.collector({ store, spoolFolder: join(elsewhere, 'spool') })
    await until('the file', () => left(spool).length === 0)
    expect(existsSync(join(store, 'spool'))).toBe(false)
    await collector.close()
  })

  test('takes what can be read of a torn file, tells of the rest, and puts aside what is none of ours', async () => {
    const store = bench.folder()
    const spool = spoolIn(store)
    const numbers = leave(spool, 4)
    const path = join(spool.path, readdirSync(spool.path).find((name) => name.endsWith('.spool')) ?? '')
    writeFileSync(path, readFileSync(path).subarray(0, -3))
    spool.write('00000000', 1, [Buffer.from('not a frame')])
    const wrong = { body: Buffer.from('not protobuf'), spans: 1 }
    spool.write('00000000', 1, [frameHeader(wrong), wrong.body])
    const collector = await bench.collector({ store })
    await until('all files', () => left(spool).every((state) => state === 'bad'))
    await collector.close()
    expect(left(spool)).toEqual(['bad'])
    const { spans, lines } = await readTape(store)
    expect(namesOf(spans)).toEqual(numbers.slice(0, 3))
    const gaps = lines.map((line) => JSON.parse(line).core).filter(({ schema }) => schema === 'reprise.gap/1')
    expect(gaps).toMatchObject([
      { reason: 'spool_torn', count: 1 },
      { reason: 'spool_torn', count: 1 },
    ])
  })

  test('leaves a folder alone that is a link, and files that others can write', async () => {
    const store = bench.folder()
    const elsewhere = bench.folder()
    leave(spoolIn(elsewhere), 1)
    symlinkSync(join(elsewhere, 'spool'), join(store, 'spool'))
    const collector = await bench.collector({ store })
    await until('a word about it', () => bench.log.some((line) => line.includes('spool-unreadable')))
    await collector.close()
    const other = bench.folder()
    const spool = spoolIn(other)
    leave(spool, 1)
    const name = readdirSync(spool.path).find((found) => found.endsWith('.spool')) ?? ''
    chmodSync(join(spool.path, name), 0o666)
    const second = await bench.collector({ store: other })
    await until('it to be put aside', () => left(spool)[0] === 'bad')
    await second.close()
    expect((await readTape(other)).spans).toEqual([])
  })
})

describe('the intake', () => {
  function intakeOf(spool: SpoolFolder, take: (body: Uint8Array) => Promise<TakenBody>): ReturnType<typeof startSpoolIntake> {
    return startSpoolIntake({ folder: spool.path, take, log: createLogger(() => {}), pollMillis: 3_600_000 })
  }

  test('keeps what the store does not take, for another look', async () => {
    const spool = spoolIn(bench.folder())
    leave(spool, 2)
    let full = true
    const taken: Uint8Array[] = []
    const intake = intakeOf(spool, async (body) => {
      if (full) return 'later'
      taken.push(body)
      return 'kept'
    })
    for (let look = 0; look < 20; look++) await intake.look()
    expect(left(spool)).toEqual(['ready'])
    full = false
    await intake.look()
    expect([taken.length, left(spool)]).toEqual([2, []])
    await intake.close()
  })

  test('gives up a file that breaks its reader again and again, and goes on with others', async () => {
    const spool = spoolIn(bench.folder())
    const [poison] = leave(spool, 1)
    leave(spool, 1)
    const intake = intakeOf(spool, async (body) => (Buffer.from(body).includes(String(poison)) ? 'failed' : 'kept'))
    for (let look = 0; look < 5; look++) await intake.look()
    expect([left(spool), intake.stats()]).toEqual([['bad'], { files: 1, bodies: 1, bad: 1 }])
    await intake.close()
  })

  test('and a recorder that picks up the same spool share the files', async () => {
    const spool = spoolIn(bench.folder())
    for (let file = 0; file < 30; file++) leave(spool, 1)
    let bodies = 0
    const take = async (): Promise<void> => {
      bodies++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const intake = intakeOf(spool, async () => {
      await take()
      return 'kept'
    })
    await Promise.all([
      intake.look(),
      pickUpSpool({ folder: spool, destination: '00000000' }, async () => {
        await take()
        return 'sent'
      }),
    ])
    await intake.look()
    await intake.close()
    expect([bodies, left(spool)]).toEqual([30, []])
  })
})

const CYCLES = Number(process.env['REPRISE_SPOOL_KILLS'] ?? 8)

test(`killed ${CYCLES} times while it takes the spool in, it loses nothing and shows nothing twice`, async () => {
  const store = bench.folder()
  const spool = spoolIn(store)
  const runner = fileURLToPath(new URL('./run-collector.ts', import.meta.url))
  const expected: number[] = []
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    for (let file = 0; file < 10; file++) expected.push(...leave(spool, 20, 'x'.repeat(500)))
    // As if the time had passed after which a claim of a dead process is taken over.
    for (const name of readdirSync(spool.path)) if (name.endsWith('.claimed')) utimesSync(join(spool.path, name), new Date(0), new Date(0))
    const child = spawn(process.execPath, ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', runner, store])
    children.push(child)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    await new Promise((resolve) => setTimeout(resolve, (cycle * 37) % 150))
    child.kill('SIGKILL')
    await ended
  }
  for (const name of readdirSync(spool.path)) if (name.endsWith('.claimed')) utimesSync(join(spool.path, name), new Date(0), new Date(0))
  const collector = await bench.collector({ store })
  await until('the spool to be empty', () => left(spool).length === 0, 60_000)
  expect((await post(collector, bodyOf(made++))).status).toBe(200)
  await collector.close()
  const stored = new Set(namesOf((await readTape(store)).spans))
  expect(expected.filter((index) => !stored.has(index))).toEqual([])
  const reader = await openStore(store, { mode: 'read' })
  try {
    const shown = reader.readRunRecords(TRACE).map(({ core }) => core.spanId)
    expect(shown.length).toBe(stored.size)
    expect(new Set(shown).size).toBe(shown.length)
  } finally {
    await reader.close()
  }
}, 120_000)

test('makes folders only where there is something to keep', () => {
  const folder = bench.folder()
  mkdirSync(join(folder, 'store'))
  expect(new SpoolFolder(join(folder, 'store', 'spool')).list()).toEqual([])
  expect(existsSync(join(folder, 'store', 'spool'))).toBe(false)
})
