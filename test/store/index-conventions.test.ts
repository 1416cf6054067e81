import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeValue, StepKind } from '../../src/schemas/public.ts'
import { FactReader, factKeyOf } from '../../src/store/index/step-facts.ts'
import { appendSpans, hexOf, openForTest, sketchOf, temporaryFolder } from './support/records.ts'

interface Convention {
  readonly sent: Readonly<Record<string, AttributeValue>>
  readonly kind?: StepKind
  readonly told: object
}

/** As their SDKs sent them to a collector. */
const CONVENTIONS: Readonly<Record<string, Convention>> = {
  'OpenTelemetry before 1.27': {
    sent: { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm', 'gen_ai.usage.prompt_tokens': 12, 'gen_ai.usage.completion_tokens': 7 },
    told: { models: ['m'], inputTokens: 12, outputTokens: 7 },
  },
  'OpenTelemetry, both names': {
    sent: { 'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.prompt_tokens': 11, 'gen_ai.response.model': 'r', 'gen_ai.request.model': 'm' },
    told: { models: ['m'], inputTokens: 12, outputTokens: 0 },
  },
  'a response without its request': { sent: { 'gen_ai.response.model': 'r' }, told: { models: ['r'] } },
  OpenInference: {
    sent: {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'm',
      'llm.token_count.prompt': 12,
      'llm.token_count.completion': 7,
      'llm.token_count.total': 19,
      'llm.cost.total': 0.25,
      'session.id': 's',
    },
    told: { models: ['m'], inputTokens: 12, outputTokens: 7, cost: 0.25, session: 's' },
  },
  'OpenInference, an embedding': { sent: { 'embedding.model_name': 'e' }, kind: 'embedding', told: { models: ['e'] } },
  'OpenInference, a reranker': { sent: { 'reranker.model_name': 'e' }, kind: 'reranker', told: { models: ['e'] } },
  OpenLLMetry: {
    sent: { 'gen_ai.usage.input_tokens': 3, 'traceloop.association.properties.session_id': 's' },
    told: { inputTokens: 3, session: 's' },
  },
  'Vercel AI SDK 5': {
    sent: {
      'ai.model.id': 'm',
      'ai.usage.inputTokens': 12,
      'ai.usage.outputTokens': 7,
      'ai.telemetry.metadata.sessionId': 's',
      'ai.telemetry.metadata.tags': ['a', 'b'],
    },
    told: { models: ['m'], inputTokens: 12, outputTokens: 7, session: 's', tags: ['a', 'b'] },
  },
  'Vercel AI SDK 4': {
    sent: { 'ai.usage.promptTokens': 12, 'ai.usage.completionTokens': 7 },
    told: { inputTokens: 12, outputTokens: 7 },
  },
  'Vercel AI SDK, the embedding': {
    sent: { 'ai.operationId': 'ai.embed.doEmbed', 'ai.model.id': 'e', 'ai.usage.tokens': 3 },
    kind: 'embedding',
    told: { models: ['e'], inputTokens: 3 },
  },
  'Vercel AI SDK, around the embedding': {
    sent: { 'ai.operationId': 'ai.embed', 'ai.model.id': 'e', 'ai.usage.tokens': 3 },
    kind: 'custom',
    told: { models: ['e'], inputTokens: 0 },
  },
  Langfuse: {
    sent: {
      'langfuse.observation.model.name': 'm',
      'langfuse.observation.usage_details':
        '{"input": 10, "output": 4, "input_cached_tokens": 2, "output_reasoning_tokens": 1, "total": 17}',
      'langfuse.observation.cost_details': '{"input": 0.001, "total": 0.003}',
    },
    told: { models: ['m'], inputTokens: 12, outputTokens: 5, cost: 0.003 },
  },
  "Langfuse, a provider's names": {
    sent: {
      'langfuse.observation.usage_details': '{"prompt_tokens":12,"completion_tokens":7}',
      'langfuse.observation.cost_details': '{"input":0.5,"output":0.25}',
    },
    told: { inputTokens: 12, outputTokens: 7, cost: 0.75 },
  },
  MLflow: {
    sent: {
      'mlflow.spanType': '"CHAT_MODEL"',
      'mlflow.llm.model': '"m"',
      'mlflow.chat.tokenUsage': '{"input_tokens": 10, "output_tokens": 4, "total_tokens": 14, "cache_read_input_tokens": 3}',
      'mlflow.llm.cost': '{"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.3}',
      'mlflow.trace.session': '"s"',
    },
    told: { models: ['m'], inputTokens: 10, outputTokens: 4, cost: 0.3, session: 's' },
  },
  LangSmith: { sent: { 'langsmith.trace.session_id': 's' }, told: { session: 's' } },
  'values of no use': {
    sent: {
      'gen_ai.request.model': '',
      'llm.model_name': 'm',
      'gen_ai.usage.input_tokens': -1,
      'llm.token_count.prompt': 5,
      'langfuse.observation.usage_details': '{"output":"many"',
      'mlflow.chat.tokenUsage': '[1]',
      'mlflow.llm.cost': '{"total_cost":-1}',
      'session.id': '',
      'langfuse.session.id': 's',
    },
    told: { models: ['m'], inputTokens: 5, outputTokens: 0, session: 's' },
  },
}

test.each(Object.entries(CONVENTIONS))('a run is found by what its calls say: %s', async (name, { sent, kind = 'model', told }) => {
  const store = await openForTest(temporaryFolder())
  const runId = hexOf(32, 'convention', name)
  await appendSpans(store, sketchOf(runId, 0, { kind, attributes: sent }))
  await store.index.catchUp()
  const run = store.index.readRun(runId)
  expect(run).toMatchObject(told)
  if (!('cost' in told)) expect(run).not.toHaveProperty('cost')
})

test('in whatever order the attributes come', () => {
  const pairs = Object.values(CONVENTIONS).flatMap(({ sent }) =>
    Object.entries(sent).filter(([key]) => key !== 'ai.telemetry.metadata.tags'),
  )
  const read = (list: readonly (readonly [string, AttributeValue])[]): object => {
    const reader = new FactReader()
    for (const [key, value] of list) {
      const fact = factKeyOf(key)
      if (fact !== undefined) reader.take(fact, value)
    }
    return reader.facts
  }
  fc.assert(
    fc.property(fc.shuffledSubarray(pairs), (list) => {
      const once = [...new Map(list)]
      expect(read(once)).toEqual(read(once.toSorted(([a], [b]) => (a < b ? -1 : 1))))
    }),
  )
})
