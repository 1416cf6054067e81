import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { createRandom, instrument, model, retriever, tool } from '../../../src/sdk/index.ts'
import { expectExact, live } from '../expect-exact.ts'
import { RecordingBuilder } from '../recording-builder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => live(), { name: 'chat' })
const look = tool(async (_request: unknown): Promise<unknown> => live(), { name: 'look' })
const search = retriever(async (_request: unknown): Promise<unknown> => live(), { name: 'search' })
const CALLS = { chat, look, search } as const
const KINDS = { chat: 'model', look: 'tool', search: 'retriever' } as const
type Name = keyof typeof CALLS

/** What branch `branch` asks for in its round `round`: few distinct requests, so that most calls have equals. */
function requestOf(branch: number, round: number): { name: Name; request: unknown } {
  const names: Name[] = ['chat', 'look', 'search']
  return { name: names[(branch + round) % 3] ?? 'chat', request: { topic: branch % 4, round: round % 2 } }
}

/** The program: branches in parallel, each asking a few times in a row; the log shows who got which answer when. */
function parallelProgram(branches: number, rounds: number): () => Promise<string[]> {
  return instrument(async function parallel() {
    const log: string[] = []
    await Promise.all(
      Array.from({ length: branches }, async (_, branch) => {
        for (let round = 0; round < rounds; round++) {
          const { name, request } = requestOf(branch, round)
          log.push(`${branch}.${round}=${String(await CALLS[name](request))}`)
        }
      }),
    )
    return log
  })
}

/** The same program with a scheduler of our own in the place of the world: which answer comes next is drawn from `seed`. */
function recordParallel(branches: number, rounds: number, seed: string): RecordingBuilder {
  const random = createRandom(seed, 'interleaving')
  const calls: { branch: number; round: number; answer: string; start: number; end: number; delivery: number }[] = []
  const open: (typeof calls)[number][] = []
  const log: string[] = []
  let clock = 0
  const call = (branch: number, round: number): void => {
    const made = { branch, round, answer: `answer ${calls.length}`, start: clock, end: 0, delivery: 0 }
    calls.push(made)
    open.push(made)
  }
  for (let branch = 0; branch < branches; branch++) call(branch, 0)
  for (let delivery = 0; open.length > 0; delivery++) {
    clock += 5
    const [next] = open.splice(Math.floor(random() * open.length), 1)
    if (next === undefined) break
    next.end = clock
    next.delivery = delivery
    log.push(`${next.branch}.${next.round}=${next.answer}`)
    if (next.round + 1 < rounds) call(next.branch, next.round + 1)
  }
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'parallel', output: log, start: 0, end: clock + 1 })
  for (const { branch, round, answer, start, end, delivery } of calls) {
    const { name, request } = requestOf(branch, round)
    builder.step(root, { kind: KINDS[name], name, args: [request], output: answer, start, end, deliveries: [delivery, 1] })
  }
  return builder
}

describe('recorded order', () => {
  it('pairs equal parallel calls that had different answers, and returns them in recorded order', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'race', output: ['third', 'first', 'second'], end: 90 })
    const answers = [
      ['first', 1],
      ['second', 2],
      ['third', 0],
    ] as const
    for (const [output, delivery] of answers) {
      builder.step(root, { kind: 'model', name: 'chat', args: ['same'], output, deliveries: [delivery, 1], start: 0, end: 10 + delivery })
    }
    const order: unknown[] = []
    const race = instrument(async function race() {
      const got = await Promise.all([0, 1, 2].map(async () => order.push(await chat('same'))))
      expect(got).toEqual([2, 3, 1])
      return order.splice(0)
    })
    const recording = await builder.load()
    for (let round = 0; round < 20; round++) expectExact(await replay(recording, race))
  })

  it('keeps every one of 48 seeded interleavings of 32 branches', async () => {
    const program = parallelProgram(32, 4)
    for (let seed = 0; seed < 48; seed++) {
      const recording = await recordParallel(32, 4, `seed ${seed}`).load()
      const verdict = await replay(recording, program)
      expectExact(verdict)
      expect(verdict.counts).toMatchObject({ served: 128, unmatched: 0, unused: 0 })
    }
  })

  it('would see a mispairing: an altered order of answers gives another output', async () => {
    const builder = recordParallel(8, 3, 'a')
    const other = recordParallel(8, 3, 'b')
    // The calls of one interleaving under the log of another.
    const [root] = other.records
    if (root === undefined) throw new Error('no root')
    builder.records[0] = { ...root, core: { ...root.core, spanId: builder.rootSpanId } }
    for (const [digest, bytes] of other.blobs) builder.blobs.set(digest, bytes)
    const verdict = await replay(await builder.load(), parallelProgram(8, 3))
    expect(verdict.label).toBe('diverged')
    expect(verdict.output.equal).toBe(false)
  })

  it('leaves an abandoned call pending', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'race', output: 'fast', end: 20 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['slow'], pending: true, start: 0 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['fast'], output: 'fast', start: 0, end: 10, deliveries: [0, 1] })
    const race = instrument(async function race() {
      return await Promise.race([chat('slow'), chat('fast')])
    })
    expectExact(await replay(await builder.load(), race))
  })

  it('lets the winner of a race win, though the loser was there first in call order', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'race', output: ['b', 'late'], end: 40 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['a'], output: 'a', start: 0, end: 20, deliveries: [1, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['b'], output: 'b', start: 0, end: 10, deliveries: [0, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['after'], output: 'late', start: 10, end: 30, deliveries: [2, 1] })
    const race = instrument(async function race() {
      const first = await Promise.race([chat('a'), chat('b')])
      return [first, await chat('after')]
    })
    expectExact(await replay(await builder.load(), race))
  })

  it('waits for timers of the program itself before it delivers what came after them', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'timed', output: ['timeout', 'fallback', 'slow'], end: 400 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['slow'], output: 'slow', start: 0, end: 300, deliveries: [0, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['fallback'], output: 'fallback', start: 50, end: 350, deliveries: [1, 1] })
    const timed = instrument(async function timed() {
      const slow = chat('slow')
      const first = await Promise.race([slow, sleep(50, 'timeout')])
      return [first, await chat('fallback'), await slow]
    })
    // By its number the slow answer comes first; but the fallback had been asked for before it came.
    expectExact(await replay(await builder.load(), timed))
  })

  it('waits for the program to do I/O between a result and the next call', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'mixed', output: ['b', 'a2', 'c'], end: 400 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['a'], output: 'a', start: 0, end: 10, deliveries: [0, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['b'], output: 'b', start: 0, end: 20, deliveries: [1, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['a2'], output: 'a2', start: 60, end: 70, deliveries: [2, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['c'], output: 'c', start: 20, end: 90, deliveries: [3, 1] })
    const mixed = instrument(async function mixed() {
      const log: unknown[] = []
      await Promise.all([
        (async () => {
          await chat('a')
          await sleep(50)
          log.push(await chat('a2'))
        })(),
        (async () => {
          log.push(await chat('b'))
          log.push(await chat('c'))
        })(),
      ])
      return log
    })
    expectExact(await replay(await builder.load(), mixed))
  })

  it('waits for a timer of one branch that ran while another branch was busy', async () => {
    const builder = new RecordingBuilder()
    const polls = Array.from({ length: 31 }, (_, index) => index)
    const log = [...polls.slice(0, 30), 'awake', 30]
    const root = builder.step(undefined, { kind: 'run', name: 'polls', output: log, end: 1600 })
    for (const poll of polls.slice(0, 30)) {
      builder.step(root, {
        kind: 'tool',
        name: 'look',
        args: ['x'],
        output: poll,
        start: poll * 49,
        end: poll * 49 + 48,
        deliveries: [poll, 1],
      })
    }
    builder.step(root, { kind: 'tool', name: 'look', args: ['x'], output: 30, start: 1470, end: 1550, deliveries: [31, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['awake'], output: 'awake', start: 1500, end: 1520, deliveries: [30, 1] })
    const program = instrument(async function polls() {
      const got: unknown[] = []
      await Promise.all([
        sleep(1500).then(async () => got.push(await chat('awake'))),
        (async () => {
          for (let poll = 0; poll < 31; poll++) got.push(await look('x'))
        })(),
      ])
      return got
    })
    expectExact(await replay(await builder.load(), program))
  })

  it('does not take a long sleep of the program for its end', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'sleeps', output: ['b', 'a'], end: 2400 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['b'], output: 'b', start: 0, end: 2299, deliveries: [0, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: ['a'], output: 'a', start: 2300, end: 2400, deliveries: [1, 1] })
    const sleeps = instrument(async function sleeps() {
      const [first, second] = await Promise.all([chat('b'), sleep(2300).then(() => chat('a'))])
      return [first, second]
    })
    expectExact(await replay(await builder.load(), sleeps))
  })

  it('does not wait long for a call that the program left out', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'shorter', output: 3, end: 600_000 })
    for (const [at, name] of ['first', 'left out', 'last'].entries()) {
      builder.step(root, {
        kind: 'model',
        name: 'chat',
        args: [name],
        output: at + 1,
        start: at * 100_000 + 50,
        end: at * 100_000 + 99_000,
      })
    }
    const shorter = instrument(async function shorter() {
      await chat('first')
      return await chat('last')
    })
    const verdict = await replay(await builder.load(), shorter, { timeoutMillis: 10_000 })
    expect(verdict.divergences.map(({ reason }) => reason)).toEqual(['unused'])
    expect(verdict.output.equal).toBe(true)
  })

  it('calls equal steps with different answers unstable where the order could not be kept', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'polls', output: 2, end: 40 })
    builder.step(root, { kind: 'tool', name: 'look', args: ['x'], output: 'one', start: 0, end: 10, deliveries: [0, 1] })
    builder.step(root, { kind: 'tool', name: 'look', args: ['x'], output: 'two', start: 0, end: 20, deliveries: [1, 1] })
    const polls = instrument(async function polls() {
      const second = sleep(1600).then(() => look('x'))
      // The recorded program asked for both at once; this one asks for the second after it gave up waiting.
      const first = look('x')
      await Promise.all([first, second])
      return 2
    })
    const verdict = await replay(await builder.load(), polls)
    expect(verdict.label, formatVerdict(verdict)).toBe('unstable')
    expect(verdict.divergences.map(({ reason }) => reason)).toEqual(['order'])
    expect(verdict.counts.labels.unstable).toBe(2)
    expect(verdict.output.equal).toBe(true)
  })

  it('ends when the program is stuck, and says so', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'stuck', output: 1, end: 5 })
    const stuck = instrument(async function stuck() {
      await new Promise(() => undefined)
    })
    const verdict = await replay(await builder.load(), stuck)
    expect(verdict.label).toBe('diverged')
    expect(verdict.output.equal).toBe(false)
    expect(verdict.divergences[0]?.message).toMatch(/silent for \d+ ms and did not end/)
  })

  it('ends a program that goes on for ever', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'endless', output: 1, end: 5 })
    builder.step(root, { kind: 'model', name: 'chat', args: [0], output: 0 })
    const endless = instrument(async function endless() {
      for (let at = 0; ; at++) await chat(at).catch(() => sleep(1))
    })
    const verdict = await replay(await builder.load(), endless, { timeoutMillis: 300 })
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences.some(({ message }) => message.includes('ran for 300 ms'))).toBe(true)
  })

  it('replays a run that was killed up to the place where it died', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'killed', pending: true })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], output: 1, start: 0, end: 1, deliveries: [0, 1] })
    builder.step(root, { kind: 'model', name: 'chat', args: [2], pending: true, start: 2 })
    const killed = instrument(async function killed() {
      await chat(1)
      await chat(2)
    })
    expectExact(await replay(await builder.load(), killed))
  })

  it('serves what the program left running in the background', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'background', output: 'done', start: 0, end: 10 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['in the run'], output: 1, start: 1, end: 20, deliveries: [0, 1] })
    builder.step(root, { kind: 'tool', name: 'look', args: ['after the run'], output: 2, start: 60, end: 70, deliveries: [1, 1] })
    let finished: unknown
    const background = instrument(async function background() {
      void (async () => {
        await chat('in the run')
        await sleep(30)
        finished = await look('after the run')
      })()
      return 'done'
    })
    expectExact(await replay(await builder.load(), background))
    expect(finished).toBe(2)
  })

  it('answers nothing any more once the replay has ended', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'leaks', output: 'done' })
    let answered = false
    const leaks = instrument(async function leaks() {
      void sleep(150).then(async () => {
        await chat('too late')
        answered = true
      })
      return 'done'
    })
    expectExact(await replay(await builder.load(), leaks))
    await sleep(200)
    expect(answered).toBe(false)
  })
})
