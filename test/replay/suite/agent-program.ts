import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { instrument, model } from 'reprise'
import { test as base } from 'reprise/vitest'
import { describe, expect } from 'vitest'

const { GOES_OUT: goesOut, ALLOWED: allowed } = process.env
// Bytes of chance, too: one of the functions draws some.
const test = base.extend({ allowNetwork: allowed === undefined ? [] : [allowed], effects: 'all' })
// Code of the process that is no part of a run, and does not rest.
if (goesOut !== undefined) {
  const goOut = (): void => {
    fetch(goesOut).catch(() => {})
    setTimeout(() => setImmediate(goOut), 0)
  }
  goOut()
}

const live = (what: string) => appendFileSync(new URL('calls.log', import.meta.url), `${what}\n`)

const chat = model(
  async (request: { tone: string; prompt: string }) => {
    live(request.prompt)
    await sleep(2)
    return { text: `${request.tone}: ${request.prompt} ${Math.random()}` }
  },
  { name: 'chat' },
)
const answer = instrument(
  async (prompt: string) => ({ at: Date.now(), ...(await chat({ tone: process.env['TONE'] ?? 'polite', prompt })) }),
  { name: 'answer' },
)
const speak = instrument(async function* speak(words: number) {
  for (let at = 0; at < words; at++) yield `${at} ${Math.random()} ${crypto.getRandomValues(new Uint8Array(4)).join()}`
})
const fail = instrument(async function fail() {
  throw new RangeError(`no ${(await chat({ tone: 'polite', prompt: 'reason' })).text.length}`)
})

describe('agent', () => {
  test('answers', async ({ recorded }) => {
    const { text, at } = await recorded(answer, 'why')
    expect(text).toContain('why')
    expect(at).toBeGreaterThan(1_700_000_000_000)
  })
  test('answers twice, each time from a recording of its own', async ({ recorded }) => {
    const [first, second] = [await recorded(answer, 'why'), await recorded(answer, 'why')]
    expect(first.text).not.toBe(second.text)
  })
  test('streams', async ({ recorded }) => {
    expect(await recorded(speak, 3)).toHaveLength(3)
  })
  test('throws what the function throws', async ({ recorded }) => {
    await expect(recorded(fail)).rejects.toThrow(RangeError)
  })
})

test('refuses what is not instrumented', async ({ recorded }) => {
  await expect(recorded(async () => 1)).rejects.toThrow('instrument()')
  expect((await recorded(answer, 'who')).text).toContain('who')
})
