import { describe, expect, it } from 'vitest'
import type { DerivableStep } from '../../../src/adapters/dialects/index.ts'
import { contentOf, modelStep, scalarsOf, streamedStep } from './steps.ts'

const assistant = (content: string): object => ({ role: 'assistant', parts: [{ type: 'text', content }] })

describe('Ollama', () => {
  const request = {
    model: 'llama3.2',
    messages: [{ role: 'user', content: 'why is the sky blue?', images: ['iVBORw0='] }],
    options: { temperature: 0.5, num_predict: 100, seed: 1 },
  }
  const done = {
    model: 'llama3.2',
    created_at: '2025-08-04T08:52:19.385406455-07:00',
    done: true,
    done_reason: 'stop',
    total_duration: 4883583458,
    load_duration: 1334875,
    prompt_eval_count: 26,
    prompt_eval_duration: 342546000,
    eval_count: 282,
    eval_duration: 4535599000,
  }

  it('chat', () => {
    const step = modelStep(request, { ...done, message: { role: 'assistant', content: 'Rayleigh.', thinking: 'Light scatters' } })
    expect(scalarsOf(step)).toMatchObject({
      'gen_ai.provider.name': 'ollama',
      'gen_ai.request.max_tokens': 100,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.response.model': 'llama3.2',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 26,
      'gen_ai.usage.output_tokens': 282,
    })
    expect(contentOf(step)).toMatchObject({
      'gen_ai.input.messages': [{ parts: [{ type: 'text' }, { type: 'blob', modality: 'image', content: 'iVBORw0=' }] }],
      'gen_ai.output.messages': [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: 'Light scatters' },
            { type: 'text', content: 'Rayleigh.' },
          ],
          finish_reason: 'stop',
        },
      ],
    })
  })

  it('chat stream with a tool call', () => {
    const chunk = (message: object): object => ({
      model: 'llama3.2',
      created_at: 'x',
      message: { role: 'assistant', content: '', ...message },
      done: false,
    })
    const chunks = [
      chunk({ content: 'Let me ' }),
      chunk({ content: 'see' }),
      chunk({ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }),
      { ...done, message: { role: 'assistant', content: '' } },
    ]
    expect(contentOf(streamedStep(request, chunks))['gen_ai.output.messages']).toMatchObject([
      {
        parts: [
          { type: 'text', content: 'Let me see' },
          { type: 'tool_call', name: 'f', arguments: { a: 1 } },
        ],
        finish_reason: 'stop',
      },
    ])
  })

  it('generate, streamed and not', () => {
    const generate = { model: 'llama3.2', prompt: 'Why?', system: 'Short.' }
    const whole = modelStep(generate, { ...done, response: 'Because.' })
    const streamed = streamedStep(generate, [
      { model: 'llama3.2', response: 'Bec', done: false },
      { ...done, response: 'ause.' },
    ])
    for (const step of [whole, streamed]) {
      expect(contentOf(step)).toEqual({
        'gen_ai.system_instructions': [{ type: 'text', content: 'Short.' }],
        'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Why?' }] }],
        'gen_ai.output.messages': [{ ...assistant('Because.'), finish_reason: 'stop' }],
      })
    }
  })
})

describe('forms without a provider', () => {
  it('text in, text out', () => {
    const step = modelStep('Say hello', 'hello')
    expect(scalarsOf(step)).toEqual({ 'gen_ai.operation.name': 'chat' })
    expect(contentOf(step)).toEqual({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Say hello' }] }],
      'gen_ai.output.messages': [assistant('hello')],
    })
  })

  it('messages in, with options behind; text chunks out', () => {
    const step = streamedStep(undefined, ['he', 'llo'], { args: [[{ role: 'user', content: 'Hi' }], { model: 'm', temperature: 0.1 }] })
    expect(scalarsOf(step)).toMatchObject({ 'gen_ai.request.model': 'm', 'gen_ai.request.temperature': 0.1 })
    expect(contentOf(step)).toEqual({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }],
      'gen_ai.output.messages': [assistant('hello')],
    })
  })

  it('a request and a result of the program’s own, shown as JSON', () => {
    expect(contentOf(modelStep({ question: 'why', depth: 2 }, { label: 'spam', score: 0.9 }))).toEqual({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: '{"question":"why","depth":2}' }] }],
      'gen_ai.output.messages': [assistant('{"label":"spam","score":0.9}')],
    })
  })

  it('a call that failed or has no result', () => {
    const step = modelStep({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] }, undefined)
    expect(scalarsOf(step)).toEqual({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' })
    expect(Object.keys(contentOf(step))).toEqual(['gen_ai.input.messages'])
  })

  it('the Vercel AI SDK', () => {
    const result = {
      text: 'Sunny.',
      reasoning: [],
      toolCalls: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: { city: 'Rome' } }],
      finishReason: 'tool-calls',
      usage: { inputTokens: 10, outputTokens: 4, totalTokens: 14, reasoningTokens: 2, cachedInputTokens: 8 },
      response: { id: 'aitxt-1', modelId: 'gpt-4o-2024-08-06' },
    }
    const step = modelStep(
      {
        model: { modelId: 'gpt-4o' },
        system: 'S',
        prompt: 'Weather?',
        tools: { weather: { description: 'W', inputSchema: { type: 'object' } } },
      },
      result,
    )
    expect(scalarsOf(step)).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.id': 'aitxt-1',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.finish_reasons': ['tool-calls'],
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 4,
      'gen_ai.usage.cache_read.input_tokens': 8,
      'gen_ai.usage.reasoning.output_tokens': 2,
    })
    expect(contentOf(step)).toEqual({
      'gen_ai.system_instructions': [{ type: 'text', content: 'S' }],
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'Weather?' }] }],
      'gen_ai.tool.definitions': [{ type: 'function', name: 'weather', description: 'W', parameters: { type: 'object' } }],
      'gen_ai.output.messages': [
        {
          role: 'assistant',
          parts: [
            { type: 'text', content: 'Sunny.' },
            { type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Rome' } },
          ],
          finish_reason: 'tool_call',
        },
      ],
    })
  })

  it('a LangChain message', () => {
    const message = {
      content: 'Hi',
      tool_calls: [{ name: 'f', args: { a: 1 }, id: 'x', type: 'tool_call' }],
      id: 'run-1',
      usage_metadata: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
      response_metadata: { finish_reason: 'stop', model_name: 'gpt-4o' },
    }
    expect(scalarsOf(modelStep('x', message))).toMatchObject({
      'gen_ai.response.model': 'gpt-4o',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 5,
      'gen_ai.usage.output_tokens': 2,
    })
    expect(contentOf(modelStep('x', message))['gen_ai.output.messages']).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: 'Hi' },
          { type: 'tool_call', id: 'x', name: 'f', arguments: { a: 1 } },
        ],
        finish_reason: 'stop',
      },
    ])
  })
})

describe('steps that are no model', () => {
  const step = (fields: Partial<DerivableStep>): DerivableStep => ({
    kind: 'tool',
    operation: 'execute_tool',
    stepName: 'refund_order',
    args: [],
    output: undefined,
    ...fields,
  })

  it('a tool', () => {
    const one = step({ args: [{ orderId: 7n, at: new Date(0) }], output: { ok: true, raw: Uint8Array.of(1, 2) } })
    expect(scalarsOf(one)).toEqual({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'refund_order' })
    expect(contentOf(one)).toEqual({
      'gen_ai.tool.call.arguments': { orderId: '7', at: '1970-01-01T00:00:00.000Z' },
      'gen_ai.tool.call.result': { ok: true, raw: 'AQI=' },
    })
    expect(contentOf(step({ args: ['a', 2], output: null }))).toEqual({
      'gen_ai.tool.call.arguments': ['a', 2],
      'gen_ai.tool.call.result': null,
    })
    expect(contentOf(step({}))).toEqual({})
  })

  it('a retriever', () => {
    const search = (args: readonly unknown[], output: unknown) =>
      step({ kind: 'retriever', operation: 'retrieval', stepName: 'kb', args, output })
    const hits = [
      { id: 'doc-1', score: 0.9, text: 'Refunds take 5 days.', metadata: { page: 2 } },
      { _id: 5, _score: 1, _source: { text: 'other' } },
      'plain text',
    ]
    const documents = [
      { id: 'doc-1', score: 0.9, content: 'Refunds take 5 days.', metadata: { page: 2 } },
      { id: '5', score: 1, content: 'other' },
      { content: 'plain text' },
    ]
    expect(scalarsOf(search(['refund', 5], hits))).toEqual({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.data_source.id': 'kb',
      'gen_ai.retrieval.top_k': 5,
    })
    for (const args of [['refund', 5], [{ query: 'refund', k: 5 }], [{ q: 'refund' }], [[0.1, 0.2], { text: 'refund' }]])
      expect(contentOf(search(args, hits))).toEqual({ 'gen_ai.retrieval.query.text': 'refund', 'gen_ai.retrieval.documents': documents })
    for (const output of [{ documents: hits }, { hits }, { hits: { total: 3, hits } }, { results: hits }, { matches: hits }])
      expect(contentOf(search(['refund'], output))['gen_ai.retrieval.documents']).toEqual(documents)
    expect(contentOf(search(['x'], [[{ pageContent: 'a', metadata: {} }, 0.4]]))['gen_ai.retrieval.documents']).toEqual([
      { content: 'a', metadata: {}, score: 0.4 },
    ])
    expect(contentOf(search(['x'], []))['gen_ai.retrieval.documents']).toEqual([])
    expect(contentOf(search([], { answer: 1 }))).toEqual({})
  })

  it('a reranker', () => {
    const rerank = step({
      kind: 'reranker',
      operation: 'rerank',
      stepName: 'rerank',
      args: [{ model: 'rerank-v3.5', query: 'q', documents: ['a', 'b'], top_n: 1 }],
      output: { results: [{ index: 1, relevance_score: 0.8 }] },
    })
    expect(scalarsOf(rerank)).toEqual({
      'gen_ai.operation.name': 'rerank',
      'gen_ai.retrieval.top_k': 1,
      'gen_ai.request.model': 'rerank-v3.5',
    })
    expect(contentOf(rerank)).toMatchObject({ 'gen_ai.retrieval.query.text': 'q', 'gen_ai.retrieval.documents': [{ id: '1', score: 0.8 }] })
  })

  it('an embedding: its counts, never its text', () => {
    const embed = step({
      kind: 'embedding',
      operation: 'embeddings',
      args: [{ model: 'text-embedding-3-small', input: 'private' }],
      output: {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2, 0.3] }],
        model: 'text-embedding-3-small',
        usage: { prompt_tokens: 8, total_tokens: 8 },
      },
    })
    expect(scalarsOf(embed)).toEqual({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.request.model': 'text-embedding-3-small',
      'gen_ai.response.model': 'text-embedding-3-small',
      'gen_ai.usage.input_tokens': 8,
      'gen_ai.embeddings.dimension.count': 3,
    })
    expect(contentOf(embed)).toEqual({})
    expect(scalarsOf(step({ kind: 'embedding', operation: 'embeddings', args: ['x'], output: new Float32Array(5) }))).toMatchObject({
      'gen_ai.embeddings.dimension.count': 5,
    })
  })

  it('an agent: text and messages only', () => {
    const agent = (args: readonly unknown[], output: unknown) =>
      step({ kind: 'agent', operation: 'invoke_agent', stepName: 'support', args, output })
    expect(scalarsOf(agent(['x'], 'y'))).toEqual({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' })
    expect(contentOf(agent(['help'], 'done'))).toEqual({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'help' }] }],
      'gen_ai.output.messages': [assistant('done')],
    })
    expect(contentOf(agent([{ ticket: 4 }], { state: 'closed' }))).toEqual({})
  })

  it('a run or a training step: nothing', () => {
    for (const kind of ['run', 'training.step', 'checkpoint', 'stage', 'custom', 'evaluation'] as const) {
      expect(scalarsOf(step({ kind, args: ['x'], output: 'y' }))).toEqual({})
      expect(contentOf(step({ kind, args: ['x'], output: 'y' }))).toEqual({})
    }
  })
})
