import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { removeFields } from '../../../src/replay/recording/ignored-fields.ts'
import { ATTR, RepriseError } from '../../../src/schemas/index.ts'
import { instrument, model, tool } from '../../../src/sdk/index.ts'
import { expectExact, reasonsOf } from '../expect-exact.ts'
import { LiveStore } from '../live-store.ts'

let store: LiveStore
beforeAll(async () => {
  store = await LiveStore.open()
})
afterAll(async () => await store.close())

type Request = { prompt: string; metadata: { requestId: string }; messages: { id: string; content: string }[] }

let answers = 0
const IGNORE = ['/0/metadata/requestId', '/0/messages/*/id']
const ask = async ({ prompt }: Request): Promise<string> => `${prompt}: ${answers++}`
const chat = model(ask, { name: 'chat', ignore: IGNORE })
const strict = model(ask, { name: 'strict' })
const audit = tool(async (entry: { at: number; text: string }) => entry.text, { name: 'audit', ignore: ['/0/at'] })

const requestOf = (prompt: string, id: string): Request => ({ prompt, metadata: { requestId: id }, messages: [{ id, content: prompt }] })

describe('fields that calls are not matched by', () => {
  const program = (id: string, prompts: readonly string[], call = chat) =>
    instrument(async function asks() {
      const said = await Promise.all(prompts.map(async (prompt) => await call(requestOf(prompt, id))))
      await audit({ at: id.length, text: 'done' })
      return said
    })

  it('may differ in a replay, are recorded all the same, and stand with the step', async () => {
    const said = await program('first', ['one', 'two', 'one'])()
    expect(said).toHaveLength(3)
    const recording = await store.recordingOf()
    const steps = recording.nodes.map(({ record }) => record.core).filter(({ kind }) => kind === 'model')
    expect(steps.map(({ attributes }) => attributes[ATTR.ignored])).toEqual([IGNORE, IGNORE, IGNORE])
    expect(JSON.stringify(recording.payloadOf(recording.nodes[1]!.record, 'input'))).toContain('first')
    expectExact(await replay(recording, program('second', ['one', 'two', 'one'])))
    expectExact(await replay(recording, program('first', ['one', 'two', 'one'])))
    // What the recording says counts, not what the program says now.
    const plain = model(ask, { name: 'chat' })
    expectExact(await replay(recording, program('third', ['one', 'two', 'one'], plain)))
  })

  it('are no licence for the others, and are left out of what is told of a miss', async () => {
    await program('first', ['one', 'two'])()
    const verdict = await replay(await store.recordingOf(), program('second', ['one', 'three']))
    expect(reasonsOf(verdict)).toContain('unmatched')
    expect(verdict.divergences[0]?.differences.map(({ path }) => path).sort()).toEqual(['/0/messages/0/content', '/0/prompt'])
  })

  it('are matched as ever where a call of another name has the very same arguments', async () => {
    const both = (id: string) =>
      instrument(async function asksBoth() {
        return [await chat(requestOf('x', id)), await strict(requestOf('x', id))]
      })
    await both('first')()
    const recording = await store.recordingOf()
    expectExact(await replay(recording, both('first')))
    const verdict = await replay(recording, both('second'))
    expect(reasonsOf(verdict)).toContain('unmatched')
    expect(verdict.divergences[0]).toMatchObject({ name: 'strict' })
    expect(verdict.counts.served).toBe(1)
  })

  it('are matched so in whatever order the calls are made', async () => {
    const calls: Record<string, () => Promise<string>> = {
      chatX: () => chat(requestOf('x', '1')),
      strictX: () => strict(requestOf('x', '1')),
      strictY: () => strict(requestOf('y', '1')),
      chatY: () => chat(requestOf('y', '1')),
    }
    const inOrder = (names: readonly string[]) =>
      instrument(async function asksAll() {
        return (await Promise.all(names.map(async (name) => [name, await calls[name]?.()]))).sort()
      })
    await inOrder(['chatX', 'strictX', 'strictY', 'chatY'])()
    const verdict = await replay(await store.recordingOf(), inOrder(['strictX', 'strictY', 'chatX', 'chatY']))
    expect(verdict.counts).toMatchObject({ served: 4, unmatched: 0, unused: 0 })
    expect(verdict.output.equal).toBe(true)
  })

  it.each([
    [['metadata'], 'a JSON pointer'],
    [['/metadata/id'], 'a JSON pointer'],
    [['/0/a~2'], 'a JSON pointer'],
    [[7], 'a JSON pointer'],
    ['/0/id', 'at most 16'],
    [Array.from({ length: 17 }, () => '/0'), 'at most 16'],
    [[`/0/${'x'.repeat(256)}`], 'at most 16'],
  ])('a bad list is refused: %j', (ignore, expected) => {
    const wrap = (): unknown => tool(async () => undefined, { ignore: ignore as string[] })
    expect(wrap).toThrow(RepriseError)
    expect(wrap).toThrow(expected)
  })
})

describe('removeFields', () => {
  it.each<[string, unknown, unknown]>([
    ['/0', [1, 2], [null, 2]],
    ['/0/a', [{ a: 1, b: 2 }], [{ b: 2 }]],
    ['/*/a', [{ a: 1 }, { a: 2 }, 3], [{}, {}, 3]],
    ['/0/*/id', [[{ id: 1 }, { id: 2, x: 1 }]], [[{}, { x: 1 }]]],
    ['/0/a~1b/c~0d', [{ 'a/b': { 'c~d': 1, e: 2 } }], [{ 'a/b': { e: 2 } }]],
    ['/0/length', [[1, 2]], [[1, 2]]],
    ['/0/__proto__/x', [{ y: 1 }], [{ y: 1 }]],
    ['/3/a', [{ a: 1 }], [{ a: 1 }]],
    ['/0/*', [{ a: 1, b: [2] }], [{}]],
  ])('%s', (pointer, value, expected) => {
    removeFields(value, [pointer])
    expect(value).toEqual(expected)
  })
})
