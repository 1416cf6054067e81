import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { instrument, model } from 'reprise'
import { prose } from '../capture/cases.ts'

const TEXT = prose(4096, 1)

interface ChatRequest {
  readonly url: string
  readonly content: string
}

type Fetch = (url: string, init: { method: 'POST'; headers: Record<string, string>; body: string }) => Promise<{ json(): Promise<unknown> }>

/** Of every contender the same: a client that posts JSON and reads JSON. */
async function ask(fetcher: Fetch, { url, content }: ChatRequest): Promise<string> {
  const response = await fetcher(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'extractor-1', messages: [{ role: 'user', content }] }),
  })
  return ((await response.json()) as { content: string }).content
}

/** `count` different exchanges of 4 KiB each way, one after another. Gives the size of all answers. */
export async function askAll(url: string, count: number, asking: (request: ChatRequest) => Promise<string>): Promise<number> {
  let size = 0
  for (let index = 0; index < count; index++) size += (await asking({ url, content: `${index}: ${TEXT}` })).length
  return size
}

export function askWith(fetcher: Fetch): (url: string, count: number) => Promise<number> {
  return (url, count) => askAll(url, count, (request) => ask(fetcher, request))
}

const chat = model((request: ChatRequest) => ask((url, init) => fetch(url, init), request), {
  name: 'chat',
  provider: 'bench',
  model: 'extractor-1',
})

/** The exchanges as calls of a model. */
export const program = instrument(async function program(url: string, count: number) {
  return await askAll(url, count, chat)
})

export const answerTo = (number: string): string => JSON.stringify({ content: `answer ${number}: ${TEXT}` })

/** Answers each request with 4 KiB of its own. */
export async function startModelServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { messages } = JSON.parse(body) as { messages: { content: string }[] }
      const [number = ''] = (messages[0]?.content ?? '').split(':', 1)
      response.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(number))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
