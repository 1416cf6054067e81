import { describe, expect, it } from 'vitest'
import { contentOf, modelStep, scalarsOf, streamedStep } from './steps.ts'

const request = {
  model: 'gpt-5',
  instructions: 'Be exact.',
  reasoning: { effort: 'low' },
  max_output_tokens: 500,
  previous_response_id: 'resp_0',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Weather in Oslo?' },
        { type: 'input_image', file_id: 'file-1' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Need the tool.' }] },
    { type: 'function_call', call_id: 'call_7', name: 'get_weather', arguments: '{"city":"Oslo"}', id: 'fc_1', status: 'completed' },
    { type: 'function_call_output', call_id: 'call_7', output: '4 C' },
  ],
  tools: [{ type: 'function', name: 'get_weather', parameters: { type: 'object' }, strict: true }, { type: 'web_search' }],
}

const reply = {
  id: 'resp_67ccd2bed1ec8190b14f964abc054267',
  object: 'response',
  created_at: 1741476542,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'gpt-5-2025-08-07',
  output: [
    { type: 'reasoning', id: 'rs_2', summary: [] },
    {
      type: 'message',
      id: 'msg_67ccd2bf17f0819081ff3bb2cf6508e6',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: '4 degrees in Oslo.', annotations: [] }],
    },
  ],
  usage: {
    input_tokens: 328,
    input_tokens_details: { cached_tokens: 100 },
    output_tokens: 52,
    output_tokens_details: { reasoning_tokens: 20 },
    total_tokens: 380,
  },
}

describe('a reply', () => {
  it('scalars', () => {
    expect(scalarsOf(modelStep(request, reply))).toStrictEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.request.max_tokens': 500,
      'gen_ai.request.reasoning.level': 'low',
      'gen_ai.request.previous_response.id': 'resp_0',
      'gen_ai.response.id': 'resp_67ccd2bed1ec8190b14f964abc054267',
      'gen_ai.response.model': 'gpt-5-2025-08-07',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 328,
      'gen_ai.usage.output_tokens': 52,
      'gen_ai.usage.cache_read.input_tokens': 100,
      'gen_ai.usage.reasoning.output_tokens': 20,
    })
  })

  it('content: items become messages, the output one message', () => {
    expect(contentOf(modelStep(request, reply))).toStrictEqual({
      'gen_ai.system_instructions': [{ type: 'text', content: 'Be exact.' }],
      'gen_ai.input.messages': [
        {
          role: 'user',
          parts: [
            { type: 'text', content: 'Weather in Oslo?' },
            { type: 'file', modality: 'image', file_id: 'file-1' },
          ],
        },
        { role: 'assistant', parts: [{ type: 'reasoning', content: 'Need the tool.' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_7', name: 'get_weather', arguments: { city: 'Oslo' } }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_7', response: '4 C' }] },
      ],
      'gen_ai.tool.definitions': [
        { type: 'function', name: 'get_weather', parameters: { type: 'object' } },
        { type: 'web_search', name: 'web_search' },
      ],
      'gen_ai.output.messages': [
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', content: '' },
            { type: 'text', content: '4 degrees in Oslo.' },
          ],
          finish_reason: 'stop',
        },
      ],
    })
  })

  it.each([
    [{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'],
    [{ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'content_filter'],
    [{ status: 'failed', error: { code: 'server_error', message: 'x' } }, 'error'],
    [{ output: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] }, 'tool_call'],
  ])('%o ends with %s', (fields, reason) => {
    expect(scalarsOf(modelStep(request, { ...reply, ...fields }))['gen_ai.response.finish_reasons']).toEqual([reason])
  })

  it('an input that is text', () => {
    expect(contentOf(modelStep({ model: 'gpt-5', input: 'Hi' }, reply))['gen_ai.input.messages']).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
    ])
  })
})

describe('a stream', () => {
  const events = [
    { type: 'response.created', sequence_number: 0, response: { ...reply, status: 'in_progress', output: [], usage: null } },
    { type: 'response.in_progress', sequence_number: 1, response: { ...reply, status: 'in_progress', output: [], usage: null } },
    {
      type: 'response.output_item.added',
      sequence_number: 2,
      output_index: 0,
      item: { type: 'message', id: 'msg_1', status: 'in_progress', role: 'assistant', content: [] },
    },
    { type: 'response.output_text.delta', sequence_number: 3, item_id: 'msg_1', output_index: 0, content_index: 0, delta: '4 degrees ' },
    { type: 'response.output_text.delta', sequence_number: 4, item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'in Oslo.' },
    { type: 'response.completed', sequence_number: 9, response: reply },
  ]

  it('is what its last event holds', () => {
    expect(scalarsOf(streamedStep(request, events))).toStrictEqual(scalarsOf(modelStep(request, reply)))
    expect(contentOf(streamedStep(request, events))).toStrictEqual(contentOf(modelStep(request, reply)))
  })

  it('cut off: what had come', () => {
    const step = streamedStep(request, events.slice(0, 4))
    expect(scalarsOf(step)).toMatchObject({ 'gen_ai.response.id': reply.id, 'gen_ai.response.finish_reasons': ['error'] })
    expect(contentOf(step)['gen_ai.output.messages']).toStrictEqual([
      { role: 'assistant', parts: [{ type: 'text', content: '4 degrees ' }], finish_reason: 'error' },
    ])
  })
})
