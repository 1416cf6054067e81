import { describe, expect, it } from 'vitest'
import { contentOf, modelStep, scalarsOf, streamedStep } from './steps.ts'

const request = {
  model: 'claude-sonnet-4-5',
  max_tokens: 1024,
  temperature: 0.3,
  top_k: 40,
  stop_sequences: ['END'],
  system: [{ type: 'text', text: 'You help.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: 'What is in the picture?' },
    { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/4AAQ' } }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_01', name: 'look', input: { zoom: 2 } }] },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'toolu_01',
          content: [
            { type: 'text', text: 'a cat' },
            { type: 'text', text: 'a hat' },
          ],
        },
      ],
    },
  ],
  tools: [{ name: 'look', description: 'Looks closer', input_schema: { type: 'object', properties: { zoom: { type: 'integer' } } } }],
}

const reply = {
  id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content: [
    { type: 'thinking', thinking: 'A cat, I see.', signature: 'EqQBCgIYAhIM' },
    { type: 'text', text: 'A cat in a hat.' },
  ],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 12, cache_creation_input_tokens: 200, cache_read_input_tokens: 3000, output_tokens: 41, service_tier: 'standard' },
}

it('scalars: the input total takes in what the caches had', () => {
  expect(scalarsOf(modelStep(request, reply))).toStrictEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-sonnet-4-5',
    'gen_ai.request.max_tokens': 1024,
    'gen_ai.request.temperature': 0.3,
    'gen_ai.request.top_k': 40,
    'gen_ai.request.stop_sequences': ['END'],
    'gen_ai.response.id': 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
    'gen_ai.response.model': 'claude-sonnet-4-5-20250929',
    'gen_ai.response.finish_reasons': ['end_turn'],
    'gen_ai.usage.input_tokens': 3212,
    'gen_ai.usage.output_tokens': 41,
    'gen_ai.usage.cache_read.input_tokens': 3000,
    'gen_ai.usage.cache_write.input_tokens': 200,
  })
})

it('content', () => {
  expect(contentOf(modelStep(request, reply))).toStrictEqual({
    'gen_ai.system_instructions': [{ type: 'text', content: 'You help.' }],
    'gen_ai.input.messages': [
      { role: 'user', parts: [{ type: 'text', content: 'What is in the picture?' }] },
      { role: 'user', parts: [{ type: 'blob', modality: 'image', mime_type: 'image/jpeg', content: '/9j/4AAQ' }] },
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'toolu_01', name: 'look', arguments: { zoom: 2 } }] },
      { role: 'user', parts: [{ type: 'tool_call_response', id: 'toolu_01', response: 'a cat\na hat' }] },
    ],
    'gen_ai.tool.definitions': [
      {
        type: 'function',
        name: 'look',
        description: 'Looks closer',
        parameters: { type: 'object', properties: { zoom: { type: 'integer' } } },
      },
    ],
    'gen_ai.output.messages': [
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'A cat, I see.' },
          { type: 'text', content: 'A cat in a hat.' },
        ],
        finish_reason: 'stop',
      },
    ],
  })
})

describe('a stream', () => {
  const events = [
    {
      type: 'message_start',
      message: {
        ...reply,
        content: [],
        stop_reason: null,
        usage: { input_tokens: 12, cache_creation_input_tokens: 200, cache_read_input_tokens: 3000, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'ping' },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'A cat, ' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'I see.' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'EqQB' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Let me ' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'look.' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'toolu_02', name: 'look', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"zoo' } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: 'm":3}' } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 89 } },
    { type: 'message_stop' },
  ]

  it('is put together', () => {
    const step = streamedStep({ ...request, stream: true }, events)
    expect(scalarsOf(step)).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.response.finish_reasons': ['tool_use'],
      'gen_ai.usage.input_tokens': 3212,
      'gen_ai.usage.output_tokens': 89,
      'gen_ai.usage.cache_read.input_tokens': 3000,
    })
    expect(contentOf(step)['gen_ai.output.messages']).toStrictEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'A cat, I see.' },
          { type: 'text', content: 'Let me look.' },
          { type: 'tool_call', id: 'toolu_02', name: 'look', arguments: { zoom: 3 } },
        ],
        finish_reason: 'tool_call',
      },
    ])
  })

  it('cut off inside a tool call', () => {
    const step = streamedStep(request, events.slice(0, 14))
    expect(scalarsOf(step)['gen_ai.response.finish_reasons']).toEqual(['error'])
    expect(contentOf(step)['gen_ai.output.messages']).toMatchObject([{ parts: [{}, {}, { type: 'tool_call', arguments: '{"zoo' }] }])
  })
})
