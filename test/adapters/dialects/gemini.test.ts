import { expect, it } from 'vitest'
import { contentOf, modelStep, scalarsOf, streamedStep } from './steps.ts'

const request = {
  model: 'gemini-2.5-flash',
  contents: [
    { role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0=' } }] },
    { role: 'model', parts: [{ functionCall: { name: 'read', args: { page: 1 } } }] },
    {
      role: 'user',
      parts: [
        { functionResponse: { name: 'read', response: { text: 'An invoice' } } },
        { fileData: { mimeType: 'video/mp4', fileUri: 'gs://b/v.mp4' } },
      ],
    },
  ],
  config: {
    systemInstruction: { parts: [{ text: 'Be kind.' }] },
    temperature: 0,
    topP: 0.95,
    topK: 64,
    maxOutputTokens: 800,
    candidateCount: 1,
    tools: [
      { functionDeclarations: [{ name: 'read', description: 'Reads a page', parametersJsonSchema: { type: 'object' } }] },
      { googleSearch: {} },
    ],
  },
}

const reply = {
  candidates: [
    {
      content: { parts: [{ text: 'Thinking of invoices', thought: true }, { text: 'An invoice.' }], role: 'model' },
      finishReason: 'STOP',
      index: 0,
    },
  ],
  usageMetadata: {
    promptTokenCount: 260,
    candidatesTokenCount: 5,
    totalTokenCount: 300,
    thoughtsTokenCount: 35,
    cachedContentTokenCount: 128,
  },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'mAitaLmkHPPlz7IPvtfUqQ4',
}

it('scalars: the output total takes in the thoughts', () => {
  expect(scalarsOf(modelStep(request, reply, { operation: 'generate_content' }))).toStrictEqual({
    'gen_ai.operation.name': 'generate_content',
    'gen_ai.provider.name': 'gcp.gemini',
    'gen_ai.request.model': 'gemini-2.5-flash',
    'gen_ai.request.max_tokens': 800,
    'gen_ai.request.temperature': { double: 0 },
    'gen_ai.request.top_p': 0.95,
    'gen_ai.request.top_k': 64,
    'gen_ai.request.choice.count': 1,
    'gen_ai.response.id': 'mAitaLmkHPPlz7IPvtfUqQ4',
    'gen_ai.response.model': 'gemini-2.5-flash',
    'gen_ai.response.finish_reasons': ['STOP'],
    'gen_ai.usage.input_tokens': 260,
    'gen_ai.usage.output_tokens': 40,
    'gen_ai.usage.cache_read.input_tokens': 128,
    'gen_ai.usage.reasoning.output_tokens': 35,
  })
})

it('content', () => {
  expect(contentOf(modelStep(request, reply))).toStrictEqual({
    'gen_ai.system_instructions': [{ type: 'text', content: 'Be kind.' }],
    'gen_ai.input.messages': [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'What is this?' },
          { type: 'blob', modality: 'document', mime_type: 'application/pdf', content: 'JVBERi0=' },
        ],
      },
      { role: 'model', parts: [{ type: 'tool_call', name: 'read', arguments: { page: 1 } }] },
      {
        role: 'user',
        parts: [
          { type: 'tool_call_response', response: { text: 'An invoice' }, name: 'read' },
          { type: 'uri', modality: 'video', mime_type: 'video/mp4', uri: 'gs://b/v.mp4' },
        ],
      },
    ],
    'gen_ai.tool.definitions': [
      { type: 'function', name: 'read', description: 'Reads a page', parameters: { type: 'object' } },
      { type: 'googleSearch', name: 'googleSearch', googleSearch: {} },
    ],
    'gen_ai.output.messages': [
      {
        role: 'model',
        parts: [
          { type: 'reasoning', content: 'Thinking of invoices' },
          { type: 'text', content: 'An invoice.' },
        ],
        finish_reason: 'stop',
      },
    ],
  })
})

it('a stream: the pieces of text are joined, thoughts apart', () => {
  const chunk = (parts: readonly object[], more: object = {}): object => ({
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }],
    usageMetadata: { promptTokenCount: 260, totalTokenCount: 261 },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'mAitaLmkHPPlz7IPvtfUqQ4',
  })
  const chunks = [
    chunk([{ text: 'Thinking of ', thought: true }]),
    chunk([{ text: 'invoices', thought: true }]),
    chunk([{ text: 'An ' }]),
    { ...chunk([{ text: 'invoice.' }], { finishReason: 'STOP' }), usageMetadata: reply.usageMetadata },
  ]
  const step = streamedStep(request, chunks)
  expect(scalarsOf(step)).toStrictEqual(scalarsOf(modelStep(request, reply)))
  expect(contentOf(step)).toStrictEqual(contentOf(modelStep(request, reply)))
})

it('a prompt that was blocked', () => {
  const blocked = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 },
    modelVersion: 'gemini-2.5-flash',
  }
  expect(scalarsOf(modelStep({ model: 'gemini-2.5-flash', contents: 'x' }, blocked))).toMatchObject({
    'gen_ai.response.finish_reasons': ['PROHIBITED_CONTENT'],
    'gen_ai.usage.input_tokens': 10,
  })
})
