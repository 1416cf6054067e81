import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadRecording, replay } from '../../src/replay/index.ts'
import { manifestDigest, manifestText } from '../../src/replay/recording/recording-text.ts'
import { digestOf, type RecordingManifest, RepriseError, verdictSchema } from '../../src/schemas/public.ts'
import { agent, createRandom, instrument, model, tool } from '../../src/sdk/index.ts'
import { RecordingBuilder } from './recording-builder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => Promise.reject(new Error('a live effect')), { name: 'chat' })
const look = tool(async (_request: unknown): Promise<unknown> => Promise.reject(new Error('a live effect')), { name: 'look' })

function smallRun(): RecordingBuilder {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'answer', args: ['x'], output: 'yes' })
  builder.step(root, { kind: 'model', name: 'chat', args: ['x'], output: 'yes' })
  return builder
}
const answer = instrument(async function answer(question: string) {
  return await chat(question)
})

/** Alters one text of a recording and makes every digest fit again, as a stranger would. */
async function forge(folder: string, file: string, change: (text: string) => string): Promise<void> {
  const text = change(await readFile(join(folder, file), 'utf8'))
  await writeFile(join(folder, file), text)
  const manifest = JSON.parse(await readFile(join(folder, 'recording.json'), 'utf8')) as RecordingManifest
  const { steps } = manifest
  const next =
    file === 'steps.jsonl' ? { ...manifest, steps: { ...steps, sizeBytes: Buffer.byteLength(text), digest: digestOf(text) } } : manifest
  await writeFile(join(folder, 'recording.json'), manifestText({ ...next, digest: manifestDigest(next) }))
}

async function outcomeOf(folder: string): Promise<string> {
  return await loadRecording(folder).then(
    () => 'loaded',
    (error: unknown) => (RepriseError.isInstance(error) ? `${error.code}: ${error.message}` : `raw ${String(error)}`),
  )
}

afterEach(() => vi.useRealTimers())

describe('a recording from a stranger', () => {
  it('cannot order more deliveries than fit', async () => {
    const { folder } = await smallRun().write()
    await forge(folder, 'steps.jsonl', (text) => text.replace('"deliveries":[0,1]', '"deliveries":[0,9007199254740991]'))
    expect(await outcomeOf(folder)).toMatch(/^invalid_recording: .*deliveries/)
  })

  it('cannot exhaust the stack with nesting', async () => {
    const { folder } = await smallRun().write()
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    await forge(folder, 'steps.jsonl', (text) => text.replace('"attributes":{}', `"attributes":{"a":${deep}}`))
    expect(await outcomeOf(folder)).toMatch(/^invalid_recording: /)
  })

  it('cannot name another run, name or seed than its root step', async () => {
    for (const [key, value] of [
      ['name', 'other'],
      ['kind', 'agent'],
      ['runId', 'f'.repeat(32)],
      ['seed', '9'],
    ] as const) {
      const { folder } = await smallRun().write()
      await forge(folder, 'recording.json', (text) => JSON.stringify({ ...(JSON.parse(text) as object), [key]: value }))
      expect(await outcomeOf(folder)).toMatch(/^invalid_recording: /)
    }
  })

  it('whose payload is not what its media type says is refused, or its step is missing', async () => {
    const builder = smallRun()
    const reference = builder.records[1]?.refs
    const broken = Buffer.from('{"not json')
    const digest = digestOf(broken)
    builder.blobs.set(digest, broken)
    const output = reference?.find(({ role }) => role === 'output')
    if (output !== undefined) output.digest = digest
    const verdict = await replay(await builder.load(), answer)
    expect(verdict.label).toBe('missing')
    expect(verdict.divergences[0]?.message).toContain('cannot be read')

    const input = reference?.find(({ role }) => role === 'input')
    if (input !== undefined) input.digest = digest
    await expect(builder.write()).rejects.toMatchObject({ code: 'malformed_body' })
  })

  it('never makes the loader fail in any other way than with an error of ours', async () => {
    const { folder } = await smallRun().write()
    const original = await readFile(join(folder, 'steps.jsonl'), 'utf8')
    await fc.assert(
      fc.asyncProperty(fc.nat(original.length - 1), fc.nat(40), fc.string({ maxLength: 12 }), async (at, removed, inserted) => {
        await forge(folder, 'steps.jsonl', () => original.slice(0, at) + inserted + original.slice(at + removed))
        expect(await outcomeOf(folder)).not.toMatch(/^raw/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('replays', () => {
  it('may run at the same time', async () => {
    const recording = await smallRun().load()
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => replay(recording, answer)))
    expect(verdicts.map(({ label }) => label)).toEqual(Array.from({ length: 20 }, () => 'exact'))
  })

  it('do not hang on timers that a test fakes', async () => {
    const recording = await smallRun().load()
    vi.useFakeTimers()
    expect((await replay(recording, answer)).label).toBe('exact')
  })

  it('tell any change of a random program, and are exact without one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.nat(11),
        fc.constantFrom('none', 'request', 'skip', 'twice', 'output'),
        async (seed, at, change) => {
          const { builder, program } = randomProgram(`seed ${seed}`, at, change)
          const verdict = await replay(await builder.load(), program, { timeoutMillis: 5000 })
          expect(verdictSchema.parse(verdict)).toEqual(verdict)
          expect(verdict.label === 'exact', `${change}: ${JSON.stringify(verdict.divergences[0])}`).toBe(change === 'none')
          const { exact } = verdict.counts.labels
          expect(exact <= verdict.counts.steps).toBe(true)
          if (change === 'request') expect(verdict.counts.unmatched).toBeGreaterThan(0)
          if (change === 'skip') expect(verdict.counts.unused).toBeGreaterThan(0)
          if (change === 'twice') expect(verdict.counts.unmatched).toBeGreaterThan(0)
        },
      ),
      { numRuns: 20 },
    )
  })
})

/** Twelve calls, some within agents; the program repeats them, with one change at one of them. */
function randomProgram(seed: string, at: number, change: string) {
  const random = createRandom(seed, 'program')
  const builder = new RecordingBuilder()
  const calls = Array.from({ length: 12 }, (_, index) => ({
    nested: random() < 0.4,
    name: random() < 0.5 ? ('chat' as const) : ('look' as const),
    request: { topic: Math.floor(random() * 3) },
    output: `${index} ${random()}`,
  }))
  const root = builder.step(undefined, { kind: 'run', name: 'random', output: calls.map(({ output }) => output), end: 200 })
  for (const { nested, name, request, output } of calls) {
    const parent = nested ? builder.step(root, { kind: 'agent', name: 'inner', args: [name, request], output, deliveries: false }) : root
    builder.step(parent, { kind: name === 'chat' ? 'model' : 'tool', name, args: [request], output })
  }
  const call = (name: 'chat' | 'look', request: unknown): Promise<unknown> => (name === 'chat' ? chat(request) : look(request))
  const inner = agent(call, { name: 'inner' })
  const program = instrument(async function random() {
    const log: unknown[] = []
    for (const [index, { nested, name, request }] of calls.entries()) {
      const changed = index === at ? change : 'none'
      if (changed === 'skip') continue
      const asked = changed === 'request' ? { ...request, extra: true } : request
      const ask = (): Promise<unknown> => (nested ? inner(name, asked) : call(name, asked)).catch(() => 'failed')
      log.push(await ask())
      if (changed === 'twice') await call('chat', { topic: 'never asked' }).catch(() => undefined)
      if (changed === 'output') log.push('one more')
    }
    return log
  })
  return { builder, program }
}
