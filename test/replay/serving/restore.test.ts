import { afterAll, describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { instrument, model, retriever, type ServedPart } from '../../../src/sdk/index.ts'
import { LiveStore } from '../live-store.ts'

class Answer {
  readonly parts: readonly string[]
  constructor(parts: readonly string[]) {
    this.parts = parts
  }
  get text(): string {
    return this.parts.join('')
  }
}
class Quota extends Error {
  readonly status = 429
}
const CLASS_OF = { result: Answer, chunk: Answer, error: Quota }

const restoredParts: ServedPart[] = []
const restore = (value: unknown, part: ServedPart): unknown => {
  restoredParts.push(part)
  return Object.setPrototypeOf(value, CLASS_OF[part].prototype as object)
}

let calls = 0
const ask = model(
  async (question: string): Promise<Answer> => {
    calls++
    if (question === 'too much') throw new Quota('slow down')
    return new Answer(['it is ', question])
  },
  { name: 'ask', restore },
)
const tell = model(
  async function* (): AsyncGenerator<Answer> {
    calls++
    yield new Answer(['a', 'b'])
    yield new Answer(['c'])
  },
  { name: 'tell', restore },
)
const plain = retriever(async (query: string): Promise<Answer[]> => [new Answer([query])], {
  name: 'plain',
  restore: (hits) => (hits as Answer[]).map(({ parts }) => new Answer(parts)),
})

const program = instrument(
  async (): Promise<string[]> => {
    const got = [(await ask('late')).text]
    try {
      await ask('too much')
    } catch (error) {
      got.push(error instanceof Quota ? `${error.status} ${error.message}` : 'another error')
    }
    for await (const { text } of tell()) got.push(text)
    for (const hit of await plain('found')) got.push(hit.text)
    return got
  },
  { name: 'program' },
)

const live = await LiveStore.open()
afterAll(async () => await live.close())

describe('restore', () => {
  it('gives the program instances of what was recorded of them, and is not called while recording', async () => {
    expect(await program()).toEqual(['it is late', '429 slow down', 'ab', 'c', 'found'])
    expect(restoredParts).toEqual([])
    const before = calls
    const verdict = await replay(await live.recordingOf(), program)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    expect(restoredParts).toEqual(['result', 'error', 'chunk', 'chunk'])
    expect(calls).toBe(before)
  })

  it('that throws makes the step a missing one, and its error is told', async () => {
    const broken = model(async (): Promise<Answer> => new Answer(['x']), {
      name: 'broken',
      restore: () => {
        throw new TypeError('no such class')
      },
    })
    const run = instrument(async (): Promise<string> => (await broken()).text, { name: 'breaks' })
    expect(await run()).toBe('x')
    const verdict = await replay(await live.recordingOf(), run)
    expect(verdict.label).toBe('missing')
    expect(verdict.divergences[0]?.message).toContain('`restore` of broken threw TypeError: no such class')
  })
})
