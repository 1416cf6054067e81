import { instrument, model } from 'reprise'
import { test } from 'reprise/vitest'
import { describe, expect } from 'vitest'

const chat = model(async (prompt: string) => `${prompt} ${Math.random()}`, { name: 'chat' })
const answer = instrument(async (prompt: string) => await chat(prompt), { name: 'answer' })

describe('cases', () => {
  test.for(['one', 'two', 'three'])('answers', async (prompt, { recorded }) => {
    expect(await recorded(answer, prompt)).toContain(prompt)
  })
})
