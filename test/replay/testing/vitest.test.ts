import { instrument, model, tool } from 'reprise'
import { assertReplaysExactly, formatVerdict, loadRecording, matchers, replay } from 'reprise/replay'
import { describe, expect, it } from 'vitest'
import 'reprise/vitest'
import type { Verdict } from '../../../src/schemas/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => Promise.reject(new Error('a live effect')), { name: 'chat' })
const answer = (question: string) =>
  instrument(async function answer() {
    return await chat({ question })
  })

async function recorded(): Promise<string> {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 'because' })
  builder.step(root, { kind: 'model', name: 'chat', args: [{ question: 'why' }], output: 'because' })
  return (await builder.write(`${await temporaryFolder()}/why v1`)).folder
}

function failureOf(check: () => void): string {
  try {
    check()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('expected a failure')
}

describe('reprise/vitest', () => {
  it('passes an exact replay', async () => {
    const recording = await loadRecording(await recorded())
    expect(await replay(recording, answer('why'))).toReplayExactly()
    await expect(replay(recording, answer('why'))).resolves.toReplayExactly()
  })

  it('fails with the counts, the first departure, the fields and the command that shows more', async () => {
    const folder = await recorded()
    const verdict = await replay(await loadRecording(folder), answer('how'))
    expect(verdict).not.toReplayExactly()
    const message = failureOf(() => expect(verdict).toReplayExactly())
    expect(message).toContain('expected the replay to be exact')
    expect(message).toContain('0 of 2 steps exact, output differs')
    expect(message).toContain('1 unmatched, 1 unused')
    expect(message).toContain('first departure: unmatched: model chat')
    expect(message).toContain('at answer > chat')
    expect(message).toContain('/0/question')
    expect(message).toContain('recorded: "why"')
    expect(message).toContain('replayed: "how"')
    expect(message).toContain(`npx reprise replay '${folder}' --module FILE --export answer`)
  })

  it('says what it got when it got no verdict', async () => {
    expect(failureOf(() => expect('exact').toReplayExactly())).toContain('found string')
    expect(failureOf(() => expect(Promise.resolve()).toReplayExactly())).toContain('await replay')
    expect(failureOf(() => expect({ label: 'exact' }).not.toReplayExactly())).toContain('expected the verdict')
  })
})

describe('without vitest', () => {
  it('the matchers are those of any expect.extend of that kind', async () => {
    const verdict = await replay(await loadRecording(await recorded()), answer('how'))
    const { pass, message } = matchers.toReplayExactly.call({ isNot: false }, verdict)
    expect(pass).toBe(false)
    expect(message()).toContain('first departure: unmatched: model chat')
    expect(matchers.toDivergeAt.call({}, verdict, 'chat').pass).toBe(true)
  })

  it('an assertion throws what the matcher says, and gives the verdict back', async () => {
    const recording = await loadRecording(await recorded())
    const exact = await replay(recording, answer('why'))
    expect(assertReplaysExactly(exact)).toBe(exact)
    expect(failureOf(() => assertReplaysExactly({ label: 'exact' }))).toContain('expected the verdict')
    const departed = await replay(recording, answer('how'))
    expect(failureOf(() => assertReplaysExactly(departed))).toContain('0 of 2 steps exact, output differs')
  })
})

describe('toDivergeAt', () => {
  it('passes at the first departure, by name or by path', async () => {
    const verdict = await replay(await loadRecording(await recorded()), answer('how'))
    expect(verdict).toDivergeAt('chat')
    expect(verdict).toDivergeAt('answer > chat')
    expect(verdict).not.toDivergeAt('answer')
    const message = failureOf(() => expect(verdict).toDivergeAt('lookup'))
    expect(message).toContain('expected the first departure to be at lookup; it is at answer > chat')
    expect(message).toContain('/0/question')
  })

  it('fails for an exact replay, and for what is no verdict', async () => {
    const verdict = await replay(await loadRecording(await recorded()), answer('why'))
    expect(failureOf(() => expect(verdict).toDivergeAt('chat'))).toContain('there is none')
    expect(failureOf(() => expect({}).not.toDivergeAt('chat'))).toContain('toDivergeAt: expected the verdict')
  })
})

describe('toMatchTrajectory', () => {
  const search = tool(async (_query: string): Promise<string> => Promise.reject(new Error('a live effect')), { name: 'search' })
  const program = (...queries: string[]) =>
    instrument(async function agent() {
      const found: string[] = []
      for (const query of queries) found.push(await search(query).catch(() => 'not found'))
      return await chat({ found }).catch(() => 'no answer')
    })
  const recording = async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'agent', output: 'because' })
    builder.step(root, { kind: 'tool', name: 'search', args: ['a'], output: 'A' })
    builder.step(root, { kind: 'tool', name: 'search', args: ['b'], output: 'B' })
    builder.step(root, { kind: 'model', name: 'chat', args: [{ found: ['A', 'B'] }], output: 'because' })
    return await builder.load()
  }

  it('holds the steps against those expected, in each mode', async () => {
    const verdict = await replay(await recording(), program('a', 'b'))
    expect(verdict).toReplayExactly()
    expect(verdict).toMatchTrajectory(['search', 'search', 'chat'])
    expect(verdict).toMatchTrajectory([{ kind: 'tool' }, { kind: 'tool', name: 'search' }, { kind: 'model' }])
    expect(verdict).not.toMatchTrajectory(['chat', 'search', 'search'])
    expect(verdict).toMatchTrajectory(['chat', 'search', 'search'], { mode: 'unordered' })
    expect(verdict).not.toMatchTrajectory(['chat', 'search'], { mode: 'unordered' })
    expect(verdict).toMatchTrajectory(['search', 'search', 'search', 'chat', 'other'], { mode: 'subset' })
    expect(verdict).not.toMatchTrajectory(['search', 'chat'], { mode: 'subset' })
    expect(verdict).toMatchTrajectory(['chat', 'search'], { mode: 'superset' })
    expect(verdict).not.toMatchTrajectory(['search', 'other'], { mode: 'superset' })
  })

  it('counts what was called, not what was recorded', async () => {
    const verdict = await replay(await recording(), program('a', 'other'))
    const message = failureOf(() => expect(verdict).toMatchTrajectory(['search', 'lookup']))
    expect(message).toContain('taken: tool search, tool search, model chat')
    expect(message).toContain('not taken: lookup')
    expect(message).toContain('not expected: tool search, model chat')
    const shorter = await replay(await recording(), program('a'))
    expect(shorter).toMatchTrajectory([{ kind: 'tool' }, { kind: 'model' }])
  })

  it('refuses a mode that there is not', async () => {
    const verdict = await replay(await recording(), program('a', 'b'))
    expect(failureOf(() => expect(verdict).toMatchTrajectory([], { mode: 'loose' as 'strict' }))).toContain('mode: expected one of strict')
  })
})

describe('formatVerdict', () => {
  it('is one line of result and one of counts for an exact replay', async () => {
    const verdict = await replay(await loadRecording(await recorded()), answer('why'))
    expect(formatVerdict(verdict)).toBe(
      [
        'exact  answer (run 0123456789abcdef0123456789abcdef): 2 of 2 steps exact, output equal',
        '  1 served, 1 ran again, 0 covered; 0 live, 0 unmatched, 0 unused, 0 missing, 0 sockets denied',
      ].join('\n'),
    )
  })

  it('makes control and direction characters visible', async () => {
    const verdict = await replay(await loadRecording(await recorded()), answer('how'))
    const hostile: Verdict = {
      ...verdict,
      name: 'evil\u001b]52;c;aGk=\u0007\u202ename',
      divergences: verdict.divergences.map((divergence) => ({ ...divergence, path: ['a\nb'] })),
    }
    const text = formatVerdict(hostile)
    expect(text).not.toMatch(/[\u001b\u0007\u202e]/)
    expect(text).toContain('evil\\u{1b}]52')
    expect(text).toContain('a\\u{a}b')
  })
})
