import { createServer, type ServerResponse } from 'node:http'
import { listening } from './model-server.ts'

interface MessagesRequest {
  readonly stream?: boolean
  readonly tools?: unknown
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

export interface MessagesServer {
  readonly url: string
  /** The authorization that requests came with. */
  readonly keys: unknown[]
  close(): Promise<void>
}

/** Speaks as much of the messages protocol as the programs of these tests ask for, and never says the same twice. */
export async function startMessagesServer(): Promise<MessagesServer> {
  const keys: unknown[] = []
  let answers = 0
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      keys.push(request.headers.authorization)
      answer(JSON.parse(body) as MessagesRequest, response, ++answers)
    })
  })
  return { keys, ...(await listening(server)) }
}

let overloaded = 0

function answer({ stream, tools, messages }: MessagesRequest, response: ServerResponse, number: number): void {
  const last = messages.at(-1)?.content
  const said = typeof last === 'string' ? last : JSON.stringify(last)
  const json = (status: number, value: unknown): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', 'request-id': `req_${number}`, 'retry-after-ms': '5' })
      .end(JSON.stringify(value))
  }
  const failure = (type: string): object => ({ type: 'error', error: { type, message: `${type} ${number}` }, request_id: `req_${number}` })
  if (said === 'busy' && ++overloaded < 3) return json(529, failure('overloaded_error'))
  if (said === 'bad') return json(400, failure('invalid_request_error'))
  const message = {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  }
  if (tools !== undefined && messages.length === 1) {
    const content = [{ type: 'tool_use', id: `toolu_${number}`, name: 'weather', input: { city: 'Genoa' } }]
    return json(200, { ...message, stop_reason: 'tool_use', content })
  }
  if (stream !== true) return json(200, { ...message, stop_reason: 'end_turn', content: [{ type: 'text', text: `${said} – ${number}` }] })
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${number}` })
  const send = (event: { type: string }): void => void response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  const events: { type: string }[] = [
    { type: 'message_start', ...{ message: { ...message, stop_reason: null, content: [] } } },
    { type: 'content_block_start', ...{ index: 0, content_block: { type: 'text', text: '' } } },
    { type: 'ping' },
    ...[...`${said} ✓ ${number}`].map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', ...{ index: 0 } },
    { type: 'message_delta', ...{ delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } } },
    { type: 'message_stop' },
  ]
  const step = (): void => {
    const event = events.shift()
    if (event === undefined) response.end()
    else {
      send(event)
      setImmediate(step)
    }
  }
  step()
}
