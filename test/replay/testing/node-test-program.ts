import { appendFileSync } from 'node:fs'
import { after, test } from 'node:test'
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
