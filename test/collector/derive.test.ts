import { expect, it } from 'vitest'
import { encodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { ATTR, type SpanRecord } from '../../src/schemas/public.ts'
import { one } from './pipeline-support.ts'

const COMPLETION = {
  id: 'chatcmpl-7',
  object: 'chat.completion',
  model: 'gpt-test-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } },
}
const REQUEST = { model: 'gpt-test', temperature: 1, messages: [{ role: 'user', content: 'hi' }] }

function sent(output: unknown, more: Record<string, string> = {}): SpanRecord {
  const { mediaType, data } = encodeValue(output)
  const attributes = { [ATTR.kind]: 'model', [ATTR.fidelity]: 'replayable', [ATTR.input]: JSON.stringify([REQUEST]), ...more }
  return one({
    attributes: [
      ...Object.entries(attributes),
      [ATTR.output, typeof data === 'string' ? data : { bytes: data }],
      [ATTR.outputMediaType, mediaType],
    ],
  }).record
}

it('adds what the values of a call of our own say', () => {
  expect(sent(COMPLETION).core.attributes).toMatchObject({
    'gen_ai.request.model': 'gpt-test',
    'gen_ai.request.temperature': { double: 1 },
    'gen_ai.response.model': 'gpt-test-2026',
    'gen_ai.response.id': 'chatcmpl-7',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 5,
    'gen_ai.usage.output_tokens': 2,
    'gen_ai.usage.cache_read.input_tokens': 3,
  })
})

it('reads the chunks of a stream as one response', () => {
  const chunk = (delta: object, more: object = {}): object => ({
    id: 'chatcmpl-8',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, ...more }],
  })
  const record = sent([chunk({ content: 'Hel' }), chunk({ content: 'lo' }, { finish_reason: 'length' })], {
    [ATTR.shape]: 'promise-async-iterable',
  })
  expect(record.core.attributes).toMatchObject({ 'gen_ai.response.id': 'chatcmpl-8', 'gen_ai.response.finish_reasons': ['length'] })
})

it('reads values that JSON does not hold', () => {
  const record = sent({ ...COMPLETION, created: new Date(0) })
  expect(record.core.payloads.find(({ role }) => role === 'output')?.mediaType).toBe(MEDIA_TYPE.msgpack)
  expect(record.core.attributes['gen_ai.usage.input_tokens']).toBe(5)
})

it('leaves alone what was sent, what is observed only, what is pending, and what cannot be read', () => {
  expect(sent(COMPLETION, { 'gen_ai.request.model': 'mine' }).core.attributes).toMatchObject({ 'gen_ai.request.model': 'mine' })
  for (const more of [{ [ATTR.fidelity]: 'observed' }, { [ATTR.kind]: 'tool' }])
    expect(sent(COMPLETION, more).core.attributes).not.toHaveProperty(['gen_ai.usage.input_tokens'])
  const torn = one({
    attributes: [
      [ATTR.kind, 'model'],
      [ATTR.fidelity, 'replayable'],
      [ATTR.output, '{"usage":{"prompt_tokens":5}'],
    ],
  }).record
  expect(torn.core.attributes).toEqual({ 'gen_ai.operation.name': 'chat' })
})

it('redacts what it adds', () => {
  const { attributes } = sent({ ...COMPLETION, id: 'mail ada@example.com' }).core
  expect(attributes['gen_ai.response.id']).toMatch(/^mail <email:[0-9a-f]{12}>$/)
})

it('leaves values alone that would take long to parse once more', () => {
  const large = { ...COMPLETION, choices: [{ index: 0, message: { role: 'assistant', content: 'a'.repeat(4 * 1024 * 1024) } }] }
  expect(sent(large).core.attributes).not.toHaveProperty(['gen_ai.usage.input_tokens'])
  const small = { ...COMPLETION, choices: [{ index: 0, message: { role: 'assistant', content: 'a'.repeat(1024 * 1024) } }] }
  expect(sent(small).core.attributes).toMatchObject({ 'gen_ai.usage.input_tokens': 5 })
})
