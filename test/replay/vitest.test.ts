import { instrument, model } from 'reprise'
import { formatVerdict, loadRecording, replay } from 'reprise/replay'
import { describe, expect, it } from 'vitest'
import 'reprise/vitest'
import type { Verdict } from '../../src/schemas/index.ts'
import { RecordingBuilder } from './recording-builder.ts'
import { temporaryFolder } from './temporary-folder.ts'

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
