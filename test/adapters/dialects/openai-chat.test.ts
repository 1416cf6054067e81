import { describe, expect, it } from 'vitest'
import { contentOf, modelStep, scalarsOf, streamedStep } from './steps.ts'

const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather',
    parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
  },
}

const request = {
  model: 'gpt-4o',
  temperature: 1,
  max_completion_tokens: 256,
  stop: '\n\n',
  seed: 7,
  messages: [
    { role: 'developer', content: 'Answer briefly.' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'Weather in Paris?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"location":"Paris"}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '{"temp_c":18}' },
  ],
  tools: [weatherTool],
}

const reply = {
  id: 'chatcmpl-BcO1gPfCFAf86O5CyQ9CTeEyoc8KG',
  object: 'chat.completion',
  created: 1748488520,
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: '18 degrees and clear.', refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 91,
    completion_tokens: 14,
    total_tokens: 105,
    prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 3, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_a288987b44',
}

/** Chunks as the API streams them with include_usage. */
function chunks(...choices: readonly (readonly object[])[]): object[] {
  return choices.map((choice) => ({
    id: 'chatcmpl-9x',
    object: 'chat.completion.chunk',
    created: 1748488521,
    model: 'gpt-4o-2024-08-06',
    system_fingerprint: 'fp_1',
    choices: choice,
    usage: null,
  }))
}
const delta = (fields: object, finish: string | null = null, index = 0): object => ({
  index,
  delta: fields,
  logprobs: null,
  finish_reason: finish,
})

describe('a reply', () => {
  it('scalars', () => {
    expect(scalarsOf(modelStep(request, reply))).toStrictEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.request.max_tokens': 256,
      // Integral, but a double by the conventions.
      'gen_ai.request.temperature': { double: 1 },
      'gen_ai.request.stop_sequences': ['\n\n'],
      'gen_ai.request.seed': 7,
      'gen_ai.response.id': 'chatcmpl-BcO1gPfCFAf86O5CyQ9CTeEyoc8KG',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 91,
      'gen_ai.usage.output_tokens': 14,
      'gen_ai.usage.cache_read.input_tokens': 64,
      'gen_ai.usage.reasoning.output_tokens': 3,
    })
  })

  it('content', () => {
    expect(contentOf(modelStep(request, reply))).toStrictEqual({
      'gen_ai.input.messages': [
        { role: 'developer', parts: [{ type: 'text', content: 'Answer briefly.' }] },
        {
          role: 'user',
          name: 'ann',
          parts: [
            { type: 'text', content: 'Weather in Paris?' },
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'iVBORw0KGgo=' },
          ],
        },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'get_weather', arguments: { location: 'Paris' } }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '{"temp_c":18}' }] },
      ],
      'gen_ai.tool.definitions': [
        { type: 'function', name: 'get_weather', description: 'Current weather', parameters: weatherTool.function.parameters },
      ],
      'gen_ai.output.messages': [{ role: 'assistant', parts: [{ type: 'text', content: '18 degrees and clear.' }], finish_reason: 'stop' }],
    })
  })

  it('what the user said stands over what the form suggests', () => {
    expect(scalarsOf(modelStep(request, reply, { provider: 'azure.ai.openai', model: 'my-deployment' }))).toMatchObject({
      'gen_ai.provider.name': 'azure.ai.openai',
      'gen_ai.request.model': 'my-deployment',
    })
  })

  it('several choices: one message and one reason each', () => {
    const two = {
      ...reply,
      choices: [...reply.choices, { index: 1, message: { role: 'assistant', content: 'Sunny.' }, finish_reason: 'length' }],
    }
    expect(scalarsOf(modelStep({ ...request, n: 2 }, two))).toMatchObject({
      'gen_ai.request.choice.count': 2,
      'gen_ai.response.finish_reasons': ['stop', 'length'],
    })
    expect(contentOf(modelStep(request, two))['gen_ai.output.messages']).toHaveLength(2)
  })

  it('a refusal, reasoning of compatible servers, a tool call whose arguments are no JSON', () => {
    const message = {
      role: 'assistant',
      content: null,
      refusal: 'I cannot.',
      reasoning_content: 'Let me think',
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"half":' } }],
    }
    const odd = { ...reply, choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }
    expect(contentOf(modelStep(request, odd))['gen_ai.output.messages']).toStrictEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'Let me think' },
          { type: 'text', content: 'I cannot.' },
          { type: 'tool_call', id: 'c', name: 'f', arguments: '{"half":' },
        ],
        finish_reason: 'tool_call',
      },
    ])
  })

  it('an old completion', () => {
    const old = {
      id: 'cmpl-1',
      object: 'text_completion',
      model: 'gpt-3.5-turbo-instruct',
      choices: [{ text: ' world', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }
    const step = modelStep({ model: 'gpt-3.5-turbo-instruct', prompt: 'hello' }, old, { operation: 'text_completion' })
    expect(scalarsOf(step)).toMatchObject({ 'gen_ai.operation.name': 'text_completion', 'gen_ai.usage.output_tokens': 1 })
    expect(contentOf(step)).toMatchObject({
      'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'hello' }] }],
      'gen_ai.output.messages': [{ parts: [{ type: 'text', content: ' world' }] }],
    })
  })
})

describe('a stream', () => {
  const streamRequest = { ...request, stream: true, stream_options: { include_usage: true } }

  it('text, with usage in the last chunk', () => {
    const stream = [
      ...chunks(
        [delta({ role: 'assistant', content: '', refusal: null })],
        [delta({ content: '18 ' })],
        [delta({ content: 'degrees' })],
        [delta({}, 'stop')],
      ),
      { id: 'chatcmpl-9x', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-2024-08-06', choices: [], usage: reply.usage },
    ]
    const step = streamedStep(streamRequest, stream)
    expect(scalarsOf(step)).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.response.id': 'chatcmpl-9x',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 91,
      'gen_ai.usage.output_tokens': 14,
    })
    expect(contentOf(step)['gen_ai.output.messages']).toStrictEqual([
      { role: 'assistant', parts: [{ type: 'text', content: '18 degrees' }], finish_reason: 'stop' },
    ])
  })

  it('two tool calls whose pieces come mixed', () => {
    const call = (index: number, fields: object): object => ({ index, ...fields })
    const stream = chunks(
      [
        delta({
          role: 'assistant',
          content: null,
          tool_calls: [call(0, { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '' } })],
        }),
      ],
      [delta({ tool_calls: [call(0, { function: { arguments: '{"loca' } })] })],
      [delta({ tool_calls: [call(1, { id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '{}' } })] })],
      [delta({ tool_calls: [call(0, { function: { arguments: 'tion":"Paris"}' } })] })],
      [delta({}, 'tool_calls')],
    )
    expect(contentOf(streamedStep(streamRequest, stream))['gen_ai.output.messages']).toStrictEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', id: 'call_a', name: 'get_weather', arguments: { location: 'Paris' } },
          { type: 'tool_call', id: 'call_b', name: 'get_time', arguments: {} },
        ],
        finish_reason: 'tool_call',
      },
    ])
  })

  it('cut off before it ended: the reason is error, as the conventions ask', () => {
    const step = streamedStep(streamRequest, chunks([delta({ role: 'assistant', content: '18 de' })]))
    expect(scalarsOf(step)['gen_ai.response.finish_reasons']).toEqual(['error'])
    expect(contentOf(step)['gen_ai.output.messages']).toMatchObject([{ parts: [{ content: '18 de' }], finish_reason: 'error' }])
  })

  it('with indexes that nobody would believe', () => {
    const stream = chunks([
      delta({ content: 'far', tool_calls: [{ index: 4294967294, id: 'z', function: { name: 'f', arguments: '{}' } }] }, 'stop', 2 ** 31),
    ])
    expect(contentOf(streamedStep(streamRequest, stream))['gen_ai.output.messages']).toHaveLength(1)
  })
})
