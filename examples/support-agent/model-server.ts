import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import { type Reply, reply, tokensOf } from './language-model.ts'

export type ModelServer = { readonly url: string; requests(): number; close(): Promise<void> }

const MAX_BODY_BYTES = 4 * 1024 * 1024

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) throw new Error('body too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function callsOf(id: string, { toolCalls }: Reply): { id: string; type: 'function'; function: { name: string; arguments: string } }[] {
  return toolCalls.map((call, index) => ({
    id: `call_${id.slice(0, 12)}${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }))
}

function usageOf(text: string, answer: Reply): ChatCompletion['usage'] {
  const prompt = tokensOf(text).length
  const completion = tokensOf(answer.content + JSON.stringify(answer.toolCalls)).length
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

async function stream(response: ServerResponse, text: string, request: ChatCompletionCreateParams, id: string): Promise<void> {
  const answer = reply(request)
  const created = Math.floor(Date.now() / 1000)
  const send = (part: Pick<ChatCompletionChunk, 'choices'> & Partial<ChatCompletionChunk>): void => {
    response.write(
      `data: ${JSON.stringify({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created, model: request.model, ...part })}\n\n`,
    )
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  send({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
  for (const token of tokensOf(answer.content)) {
    send({ choices: [{ index: 0, delta: { content: token }, finish_reason: null }] })
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const [index, call] of callsOf(id, answer).entries())
    send({ choices: [{ index: 0, delta: { tool_calls: [{ index, ...call }] }, finish_reason: null }] })
  send({ choices: [{ index: 0, delta: {}, finish_reason: answer.toolCalls.length > 0 ? 'tool_calls' : 'stop' }] })
  const usage = usageOf(text, answer)
  if (request.stream_options?.include_usage === true && usage !== undefined) send({ choices: [], usage })
  response.end('data: [DONE]\n\n')
}

function complete(response: ServerResponse, text: string, request: ChatCompletionCreateParams, id: string): void {
  const answer = reply(request)
  const calls = callsOf(id, answer)
  const usage = usageOf(text, answer)
  const body: ChatCompletion = {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer.content, refusal: null, ...(calls.length > 0 && { tool_calls: calls }) },
        finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
        logprobs: null,
      },
    ],
    ...(usage !== undefined && { usage }),
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Serves the wire format of OpenAI's chat completions on a free loopback port; the answers are computed on request. */
export async function startModelServer(): Promise<ModelServer> {
  let served = 0
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
        response
          .writeHead(404, { 'content-type': 'application/json' })
          .end('{"error":{"message":"unknown path","type":"invalid_request_error"}}')
        return
      }
      served++
      const text = await readBody(request)
      const body = JSON.parse(text) as ChatCompletionCreateParams
      const id = createHash('sha256').update(text).digest('hex').slice(0, 24)
      if (body.stream === true) await stream(response, text, body, id)
      else complete(response, text, body, id)
    }
    answer().catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: String(error), type: 'invalid_request_error' } }))
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: () => served,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
