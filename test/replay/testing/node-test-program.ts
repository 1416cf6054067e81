import { appendFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { instrument, model } from 'reprise'
import { openRecorded } from 'reprise/replay'

// Run by node:test, for node-test.test.ts.

const chat = model(
  async (prompt: string) => {
    appendFileSync(new URL('calls.log', import.meta.url), `${prompt}\n`)
    return `${prompt} ${Math.random()}`
  },
  { name: 'chat' },
)
const answer = instrument(async (prompt: string) => ({ said: await chat(`${process.env['TONE'] ?? 'polite'} ${prompt}`) }), {
  name: 'answer',
})

const recordings = openRecorded({ file: import.meta.url })
after(async () => await recordings.close())

test('answers', async (t) => {
  const { said } = await recordings.of(t.name)(answer, 'why')
  t.assert.match(said, /^\w+ why 0\.\d+$/)
})

describe('cases', () => {
  for (const prompt of ['one', 'two']) {
    test('are told', async (t) => {
      const { said } = await recordings.of(t)(answer, prompt)
      const { said: again } = await recordings.of(t)(answer, `${prompt} again`)
      t.assert.match(`${said}, ${again}`, new RegExp(`^\\w+ ${prompt} [\\d.e-]+, \\w+ ${prompt} again [\\d.e-]+$`))
    })
  }
})
