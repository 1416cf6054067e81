import { instrument, model } from 'reprise'
import { prose } from '../capture/cases.ts'

// Made beforehand: only what a call itself takes is to be measured.
const TEXT = prose(4096, 1)

async function answerOnce(request: { messages: { role: string; content: string }[] }): Promise<{ content: string }> {
  const [number = ''] = (request.messages[0]?.content ?? '').split(':', 1)
  return { content: `answer ${number}: ${TEXT}` }
}

const chat = model(answerOnce, { name: 'chat', provider: 'bench', model: 'extractor-1' })

/** `count` different calls of 4 KiB in and 4 KiB out, one after another. */
export async function loop(count: number, call: typeof answerOnce): Promise<number> {
  let size = 0
  for (let index = 0; index < count; index++) {
    const { content } = await call({ messages: [{ role: 'user', content: `${index}: ${TEXT}` }] })
    size += content.length
  }
  return size
}

export const program = instrument(async function program(count: number) {
  return await loop(count, chat)
})

export const bare = (count: number): Promise<number> => loop(count, answerOnce)
