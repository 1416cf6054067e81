import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { embedding, model, reranker, retriever, tool } from '../../../src/sdk/index.ts'

// What the agents of this folder talk to: a server on this machine that never answers twice the same, nor after the same time.

let base = ''
let answers = 0

export async function openWorld(): Promise<{ close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => setTimeout(() => answer(request.url ?? '', Buffer.concat(chunks).toString(), response), Math.random() * 6))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(url: string, body: string, response: ServerResponse): void {
  const number = ++answers
  if (url === '/stream') return stream(number, response)
  if (url === '/flaky' && number % 3 !== 0) {
    response.writeHead(503).end(JSON.stringify({ error: `busy ${number}` }))
    return
  }
  response.end(
    JSON.stringify({ id: `answer-${number}`, text: `${body.length} characters, drawn ${Math.random()}`, done: Math.random() < 0.2 }),
  )
}

function stream(number: number, response: ServerResponse): void {
  let sent = 0
  const next = (): void => {
    if (sent === 8 || response.destroyed) return void response.end()
    response.write(`${JSON.stringify({ delta: `${number}-${sent++}-${Math.random()}` })}\n`)
    setTimeout(next, Math.random() * 3)
  }
  next()
}

export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface Answer {
  readonly id: string
  readonly text: string
  readonly done: boolean
}

async function ask(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(base + path, { method: 'POST', body: JSON.stringify(body), ...(signal !== undefined && { signal }) })
  if (!response.ok) throw new ServiceError(response.status, await response.text())
  return (await response.json()) as Answer
}

export const chat: (request: { readonly messages: readonly unknown[] }) => Promise<Answer> = model(
  async (request: { readonly messages: readonly unknown[] }) => await ask('/chat', request),
  { name: 'chat', provider: 'local', model: 'm-1' },
)

export const streamChat: (request: { readonly prompt: string }, signal?: AbortSignal) => AsyncGenerator<{ delta: string }> = model(
  async function* streamChat(request: { readonly prompt: string }, signal?: AbortSignal) {
    const response = await fetch(`${base}/stream`, {
      method: 'POST',
      body: JSON.stringify(request),
      ...(signal !== undefined && { signal }),
    })
    let text = ''
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        yield JSON.parse(text.slice(0, end)) as { delta: string }
        text = text.slice(end + 1)
      }
    }
  },
  { name: 'stream_chat' },
)

export const lookup: (key: string) => Promise<Answer> = tool(async (key: string) => await ask('/lookup', { key }), {
  name: 'lookup',
  effect: 'read',
})
export const book: (request: { readonly seat: number }) => Promise<Answer> = tool(
  async (request: { readonly seat: number }) => await ask('/flaky', request),
  { name: 'book' },
)
export const status: (job: string) => Promise<Answer> = tool(async (job: string) => await ask('/status', { job }), {
  name: 'status',
  effect: 'read',
})

export const embed: (texts: readonly string[]) => Promise<Float32Array[]> = embedding(
  async (texts: readonly string[]) => {
    await ask('/embed', texts)
    return texts.map((text) => Float32Array.from({ length: 16 }, (_, at) => Math.sin(text.length * (at + 1)) + Math.random()))
  },
  { name: 'embed', model: 'e-1' },
)

export interface Hit {
  readonly id: string
  readonly score: number
  readonly vector: Float32Array
}

export const search: (vector: Float32Array, k: number) => Promise<Hit[]> = retriever(
  async (_vector: Float32Array, k: number) => {
    await ask('/search', { k })
    return Array.from({ length: k }, (_, rank) => ({
      id: `doc-${Math.floor(Math.random() * 1000)}`,
      score: 1 / (rank + 1),
      vector: Float32Array.from({ length: 16 }, () => Math.random()),
    }))
  },
  { name: 'search', documents: (hits) => hits.map(({ id, score }) => ({ id, score })) },
)

export const rank: (query: string, ids: readonly string[]) => Promise<string[]> = reranker(
  async (query: string, ids: readonly string[]) => {
    await ask('/rank', { query })
    return ids.toSorted(() => Math.random() - 0.5)
  },
  { name: 'rank' },
)
