/** What one call looks like: the request, and the function that answers it without any I/O. */
export type Case = {
  readonly name: string
  readonly calls: number
  readonly stream: boolean
  request(index: number): unknown
  answer(request: unknown): Promise<unknown>
}

const WORDS =
  'the collector keeps every span on a local tape and ships it on once the group is on disk so nothing that was acknowledged is lost'.split(
    ' ',
  )

/** Prose of about `bytes` bytes, different for each `seed`. */
export function prose(bytes: number, seed: number): string {
  let text = `${seed}:`
  let state = seed + 1
  while (text.length < bytes) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    text += ` ${WORDS[state % WORDS.length]}`
  }
  return text.slice(0, bytes)
}

const chat = (bytes: number, messages: number) => ({
  request: (index: number) => ({
    model: 'extractor-1',
    temperature: 0.2,
    messages: Array.from({ length: messages }, (_, turn) => ({
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: prose(bytes / messages, index * 31 + turn),
    })),
  }),
  answer: (answers: readonly string[]) => {
    let next = 0
    return async () => ({
      id: 'chatcmpl-1',
      choices: [{ index: 0, message: { role: 'assistant', content: answers[next++ % answers.length] }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 900, completion_tokens: 800 },
    })
  },
})

const small = chat(100, 1)
const large = chat(4096, 8)
const answersOf = (bytes: number): string[] => Array.from({ length: 64 }, (_, index) => prose(bytes, index + 7))

export const CASES: readonly Case[] = [
  { name: '100 B', calls: 20_000, stream: false, request: small.request, answer: small.answer(answersOf(100)) },
  { name: '4 KiB', calls: 20_000, stream: false, request: large.request, answer: large.answer(answersOf(4096)) },
  {
    name: '256 KiB',
    calls: 400,
    stream: false,
    request: (index) => ({ query: prose(120, index), topK: 64 }),
    answer: (() => {
      const documents = Array.from({ length: 256 }, (_, index) => prose(4096, index))
      let next = 0
      return async () => {
        next++
        return Array.from({ length: 64 }, (_, rank) => ({
          id: `doc-${rank}`,
          score: 1 / (rank + 1),
          content: documents[(next + rank) % documents.length],
        }))
      }
    })(),
  },
  {
    name: '500 chunks',
    calls: 400,
    stream: true,
    request: small.request,
    answer: async () =>
      (async function* () {
        for (let index = 0; index < 500; index++) yield { choices: [{ index: 0, delta: { content: WORDS[index % WORDS.length] } }] }
      })(),
  },
]
