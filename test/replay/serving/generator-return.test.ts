import { afterAll, describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { agent, instrument, model, tool } from '../../../src/sdk/index.ts'
import { LiveStore } from '../live-store.ts'

const live = await LiveStore.open()
afterAll(async () => await live.close())

let calls = 0
/** What the next call returns. */
let told: unknown
const turn = model(
  async function* (prompt: string): AsyncGenerator<string, unknown> {
    calls++
    yield prompt.slice(0, 2)
    yield prompt.slice(2)
    return told
  },
  { name: 'turn' },
)

async function expectExactOf(program: Parameters<typeof replay>[1]): Promise<void> {
  const before = calls
  const verdict = await replay(await live.recordingOf(), program)
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(calls).toBe(before)
}

describe('what a generator returns', () => {
  const reads = instrument(
    async (prompt: string): Promise<{ chunks: string[]; returned: unknown }> => {
      const chunks: string[] = []
      async function* pass(): AsyncGenerator<string> {
        const returned = yield* turn(prompt)
        yield JSON.stringify({ returned })
      }
      for await (const chunk of pass()) chunks.push(chunk)
      return { chunks, returned: JSON.parse(chunks.pop() ?? '{}') as unknown }
    },
    { name: 'reads' },
  )

  it.each([
    ['an object', { usage: { tokens: 12 }, text: 'hello' }],
    ['a list', [1, [2, 'drei'], null]],
    ['a text', 'a "quoted" text\nof two lines'],
    ['a number', -1.5e21],
    ['false', false],
    ['null', null],
    ['nothing', undefined],
    ['a large text', 'ein langer Satz, '.repeat(20_000)],
    ['what redaction changes', { by: 'jane.doe@example.com', note: 'jane.doe@example.com' }],
  ])('is served: %s', async (_what, value) => {
    told = value
    const { chunks, returned } = await reads('hello')
    expect(chunks).toEqual(['he', 'llo'])
    expect(returned).toEqual(JSON.parse(JSON.stringify({ returned: value })))
    // The program gives back what it was given: with another value served, the replay were not exact.
    await expectExactOf(reads)
  })

  it('is missing, and said to be, where JSON has no form for it', async () => {
    told = new Map([['a', 1]])
    await reads('hello')
    const verdict = await replay(await live.recordingOf(), reads)
    expect(verdict.label).toBe('missing')
    expect(verdict.divergences[0]?.message).toContain('what its generator returned was cut when it was recorded, or has no form in JSON')
  })

  it('of steps that run again is compared', async () => {
    const note = tool(async (text: string): Promise<string> => text, { name: 'note' })
    const makeProgram = (total: number) => {
      const writer = agent(
        async function* (): AsyncGenerator<string, { total: number }> {
          yield await note('one')
          return { total }
        },
        { name: 'writer' },
      )
      return instrument(
        async function* writes(): AsyncGenerator<string, string> {
          yield* writer()
          return 'done'
        },
        { name: 'writes' },
      )
    }
    const program = makeProgram(1)
    for await (const chunk of program()) expect(chunk).toBe('one')
    await expectExactOf(program)
    const other = await replay(await live.recordingOf(), makeProgram(2))
    expect(other.label).toBe('diverged')
    expect(other.divergences).toMatchObject([{ message: expect.stringContaining('its generator returned another value') as string }])
    expect(other.divergences[0]?.differences).toMatchObject([{ path: '/total' }])
  })

  it('of the run itself is part of what is compared', async () => {
    const makeProgram = (end: string) =>
      instrument(
        async function* ends(): AsyncGenerator<string, string> {
          yield 'the same'
          return end
        },
        { name: 'ends' },
      )
    for await (const chunk of makeProgram('left')()) expect(chunk).toBe('the same')
    await expectExactOf(makeProgram('left'))
    const other = await replay(await live.recordingOf(), makeProgram('right'))
    expect(other.label).toBe('diverged')
    expect(other.output.equal).toBe(false)
    expect(other.output.recorded).not.toBe(other.output.replayed)
  })
})
