import { describe, expect, it } from 'vitest'
import { classifyForeignSpan, isContentAttribute, isMetadataAttribute } from '../../../src/adapters/dialects/index.ts'

const classify = (attributes: Record<string, unknown>, fields: { kind?: number; parentSpanId?: string } = {}) =>
  classifyForeignSpan({ name: 'their name', kind: 1, parentSpanId: 'b7ad6b7169203331', attributes: Object.entries(attributes), ...fields })

describe('foreign spans', () => {
  it.each([
    [{ 'gen_ai.operation.name': 'chat' }, 'model', 'chat'],
    [{ 'gen_ai.operation.name': 'generate_content' }, 'model', 'generate_content'],
    [{ 'gen_ai.operation.name': 'embeddings' }, 'embedding', 'embeddings'],
    [{ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f' }, 'tool', 'execute_tool'],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'agent', 'invoke_agent'],
    [{ 'gen_ai.operation.name': 'brand_new' }, 'custom', 'brand_new'],
    [{ 'openinference.span.kind': 'LLM' }, 'model', 'chat'],
    [{ 'openinference.span.kind': 'RETRIEVER' }, 'retriever', 'retrieval'],
    [{ 'openinference.span.kind': 'EVALUATOR' }, 'evaluation', 'evaluate'],
    [{ 'openinference.span.kind': 'CHAIN' }, 'custom', 'custom'],
    [{ 'langfuse.observation.type': 'generation', 'gen_ai.operation.name': 'execute_tool' }, 'model', 'execute_tool'],
    [{ 'traceloop.span.kind': 'tool' }, 'tool', 'execute_tool'],
    [{ 'llm.request.type': 'rerank' }, 'reranker', 'rerank'],
    [{ 'ai.operationId': 'ai.streamText.doStream', 'gen_ai.request.model': 'm' }, 'model', 'chat'],
    [{ 'ai.operationId': 'ai.toolCall' }, 'tool', 'execute_tool'],
    [{ 'mlflow.spanType': '"CHAT_MODEL"' }, 'model', 'chat'],
    [{ 'langsmith.span.kind': 'llm' }, 'model', 'chat'],
    [{ 'genkit:metadata:subtype': 'embedder' }, 'embedding', 'embeddings'],
    [{ 'genkit:metadata:subtype': 'flow' }, 'agent', 'invoke_agent'],
    [{ 'mcp.method.name': 'tools/call' }, 'tool', 'execute_tool'],
    [{ 'mcp.method.name': 'tools/list' }, 'custom', 'custom'],
    [{ 'gen_ai.tool.name': 'f' }, 'tool', 'execute_tool'],
    [{ 'gen_ai.request.model': 'm' }, 'model', 'chat'],
    [{ 'http.method': 'GET' }, 'custom', 'custom'],
    [{ 'gen_ai.operation.name': { utf8: Uint8Array.of(99) } }, 'custom', 'custom'],
    [{ 'openinference.span.kind': '__proto__' }, 'custom', 'custom'],
  ])('%o: %s', (attributes, kind, operation) => {
    expect(classify(attributes)).toEqual({ kind, operation, stepName: 'their name' })
  })

  it('has failed where its convention says so', () => {
    expect(classify({ 'langfuse.observation.type': 'tool', 'langfuse.observation.level': 'ERROR' })).toMatchObject({
      kind: 'tool',
      failed: true,
    })
    expect(classify({ 'langfuse.observation.type': 'tool', 'langfuse.observation.level': 'WARNING' })).not.toHaveProperty('failed')
  })

  it('a root or a server span is a run, unless its attributes say what it is', () => {
    expect(classify({}, { parentSpanId: '' })).toMatchObject({ kind: 'run', operation: 'run' })
    expect(classify({ 'http.route': '/' }, { kind: 2 })).toMatchObject({ kind: 'run' })
    expect(classify({ 'gen_ai.operation.name': 'chat' }, { parentSpanId: '', kind: 2 })).toMatchObject({ kind: 'model' })
  })
})

describe('content attributes', () => {
  it.each([
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.prompt',
    'gen_ai.prompt.0.content',
    'gen_ai.prompt.variable.user_name',
    'gen_ai.completion.0.tool_calls.1.arguments',
    'input.value',
    'output.value',
    'llm.input_messages.12.message.content',
    'ai.prompt',
    'ai.prompt.messages',
    'ai.response.text',
    'ai.toolCall.args',
    'langfuse.observation.input',
    'traceloop.entity.output',
    'mlflow.spanInputs',
    'exception.message',
    'exception.stacktrace',
    'retrieval.documents.0.document.content',
    'db.query.text',
    'content',
    'tool.result',
    'gen_ai.task.input',
    'gen_ai.event.content',
    'logfire.msg',
  ])('%s is content', (key) => {
    expect(isContentAttribute(key)).toBe(true)
  })

  it.each([
    '',
    'service.name',
    'gen_ai.operation.name',
    'gen_ai.request.model',
    'gen_ai.usage.input_tokens',
    'gen_ai.prompt.name',
    'gen_ai.prompt.version',
    'gen_ai.input',
    'exception.type',
    'input.mime_type',
    'llm.model_name',
    'ai.response.id',
    'ai.toolCall.name',
    'ai.model.id',
    'reprise.kind',
    'http.route',
    '__proto__',
    'constructor',
  ])('%s is not', (key) => {
    expect(isContentAttribute(key)).toBe(false)
  })
})

describe('what is kept where nothing that somebody wrote may be', () => {
  it.each([
    'gen_ai.operation.name',
    'gen_ai.request.model',
    'gen_ai.response.finish_reasons',
    'gen_ai.usage.input_tokens',
    'gen_ai.tool.call.id',
    'service.name',
    'mlflow.chat.tokenUsage',
  ])('%s is', (key) => {
    expect(isMetadataAttribute(key)).toBe(true)
  })

  it.each([
    'gen_ai.task.input',
    'gen_ai.task.output',
    'gen_ai.agent.description',
    'gen_ai.agent.invocation_input',
    'gen_ai.tool.json_schema',
    'gen_ai.tool.description',
    'gen_ai.request.stop_sequences',
    'gen_ai.a_name_of_tomorrow',
    'otel.status_description',
    'logfire.msg',
  ])('%s is not', (key) => {
    expect(isMetadataAttribute(key)).toBe(false)
  })
})
