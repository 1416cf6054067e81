import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ModelServer {
  readonly url: string
  /** Requests so far. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }[]
  close(): Promise<void>
}

interface ChatRequest {
  readonly stream?: boolean
  readonly tools?: unknown
  readonly messages: readonly { readonly role: string; readonly content: string }[]
}

/** Speaks as much of the chat completions protocol as the programs of these tests ask for, and never says the same twice. */
export async function startModelServer(): Promise<ModelServer> {
  const requests: ModelServer['requests'][number][] = []
  let answers = 0
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers, body })
      chat(JSON.parse(body) as ChatRequest, response, ++answers)
    })
  })
  return { requests, ...(await listening(server)) }
}

const failures = new Map<string, number>()

function chat({ stream, tools, messages }: ChatRequest, response: ServerResponse, number: number): void {
  const said = messages.at(-1)?.content ?? ''
  const json = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-request-id': `req-${number}`, ...headers })
      .end(JSON.stringify(value))
  }
  const completion = (message: object, reason: string): object => ({
    id: `chatcmpl-${number}`,
    object: 'chat.completion',
    created: 1_700_000_000 + number,
    model: 'gpt-test-2026',
    choices: [{ index: 0, message: { role: 'assistant', refusal: null, ...message }, logprobs: null, finish_reason: reason }],
    usage: { prompt_tokens: said.length, completion_tokens: 2, total_tokens: said.length + 2 },
  })
  if (said.startsWith('busy')) {
    const times = (failures.get(said) ?? 0) + 1
    failures.set(said, times)
    if (times < 3) return json(429, { error: { message: `busy ${times}`, type: 'rate_limit_error' } }, { 'retry-after-ms': '5' })
  }
  if (said.startsWith('bad')) return json(400, { error: { message: `bad request ${number}`, type: 'invalid_request_error', code: 'bad' } })
  if (said.startsWith('down')) return json(500, { error: { message: `down ${number}`, type: 'server_error' } })
  if (said.startsWith('cut')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(event(number, 'half an ans'))
    setTimeout(() => response.destroy(), 20)
    return
  }
  if (tools !== undefined && messages.length === 1) {
    const call = { id: `call_${number}`, type: 'function', function: { name: 'weather', arguments: '{"city":"Genoa"}' } }
    return json(200, completion({ content: null, tool_calls: [call] }, 'tool_calls'))
  }
  if (stream !== true) return json(200, completion({ content: `${said} – ${number}` }, 'stop'))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const words = [...`${said} ✓ ${number}`]
  const step = (): void => {
    const word = words.shift()
    if (word === undefined) response.end('data: [DONE]\n\n')
    else {
      // In two writes, so that events and chunks of the connection do not agree.
      const text = Buffer.from(event(number, word))
      response.write(text.subarray(0, 40))
      setImmediate(() => response.write(text.subarray(40), () => setImmediate(step)))
    }
  }
  step()
}

function event(number: number, content: string): string {
  const chunk = { id: `chatcmpl-${number}`, object: 'chat.completion.chunk', created: 1_700_000_000, model: 'gpt-test-2026' }
  return `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
}

export async function listening(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}
