/** Attributes that hold what people or models wrote, or what programs passed on: kept as payloads, never in a record's core. */
const EXACT: ReadonlySet<string> = new Set([
  // OpenTelemetry GenAI, newest names to oldest.
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.retrieval.query.text',
  'gen_ai.retrieval.documents',
  'gen_ai.memory.records',
  'gen_ai.evaluation.explanation',
  'gen_ai.prompt',
  'gen_ai.completion',
  'gen_ai.choice',
  'gen_ai.event.content',
  // Of the events on a span that carry one message each (OpenTelemetry before 1.37, Strands).
  'content',
  'message',
  'tool_calls',
  'tool.result',
  // Ours: what a generator returned, and what a fork set.
  'reprise.stream.returned',
  'reprise.fork.patch',
  'reprise.fork.input',
  // OpenTelemetry beyond GenAI.
  'exception.message',
  'exception.stacktrace',
  'db.statement',
  'db.query.text',
  'db.query.result',
  'db.search.result',
  // OpenInference.
  'input.value',
  'output.value',
  'llm.prompts',
  'llm.function_call',
  'tool.parameters',
  'tool_call.function.arguments',
  'llm.prompt_template.template',
  'llm.prompt_template.variables',
  'embedding.text',
  'reranker.query',
  // OpenLLMetry.
  'traceloop.entity.input',
  'traceloop.entity.output',
  'traceloop.prompt.template',
  'gen_ai.task.input',
  'gen_ai.task.output',
  // Semantic Kernel.
  'gen_ai.agent.invocation_input',
  'gen_ai.agent.invocation_output',
  // Langfuse.
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.observation.status_message',
  'langfuse.trace.input',
  'langfuse.trace.output',
  // MLflow.
  'mlflow.spanInputs',
  'mlflow.spanOutputs',
  'mlflow.chat.messages',
  'mlflow.chat.tools',
  // Logfire and Pydantic AI.
  'logfire.msg',
  'model_request_parameters',
  'all_messages_events',
  'request_data',
  'response_data',
  'pydantic_ai.all_messages',
  'final_result',
  'tool_arguments',
  'tool_response',
  // Google ADK, Genkit.
  'gcp.vertex.agent.llm_request',
  'gcp.vertex.agent.llm_response',
  'gcp.vertex.agent.tool_call_args',
  'gcp.vertex.agent.tool_response',
  'genkit:input',
  'genkit:output',
  // LangSmith.
  'inputs',
  'outputs',
  // Haystack, Laminar, Braintrust, AgentOps.
  'haystack.component.input',
  'haystack.component.output',
  'haystack.pipeline.input_data',
  'haystack.pipeline.output_data',
  'lmnr.span.input',
  'lmnr.span.output',
  'braintrust.input',
  'braintrust.output',
  'braintrust.input_json',
  'braintrust.output_json',
  'agentops.entity.input',
  'agentops.entity.output',
])

/** Families of flattened attributes, and what is not content among them. */
const PREFIXES: readonly (readonly [prefix: string, except: ReadonlySet<string>])[] = [
  ['gen_ai.prompt.', new Set(['gen_ai.prompt.name', 'gen_ai.prompt.version'])],
  ['gen_ai.completion.', new Set()],
  ['gen_ai.content.', new Set()],
  ['llm.input_messages.', new Set()],
  ['llm.output_messages.', new Set()],
  ['llm.prompts.', new Set()],
  ['llm.completions.', new Set()],
  ['llm.tools.', new Set()],
  ['llm.request.functions.', new Set()],
  ['retrieval.documents.', new Set()],
  ['reranker.input_documents.', new Set()],
  ['reranker.output_documents.', new Set()],
  ['embedding.embeddings.', new Set()],
  ['ai.prompt', new Set()],
  [
    'ai.response.',
    new Set([
      'ai.response.id',
      'ai.response.model',
      'ai.response.finishReason',
      'ai.response.timestamp',
      'ai.response.msToFirstChunk',
      'ai.response.msToFinish',
      'ai.response.avgOutputTokensPerSecond',
    ]),
  ],
  ['ai.result.', new Set()],
  ['ai.value', new Set()],
  ['ai.embedding', new Set()],
  ['ai.toolCall.', new Set(['ai.toolCall.name', 'ai.toolCall.id'])],
  ['ai.documents', new Set()],
  ['ai.schema', new Set(['ai.schema.name'])],
  ['mlflow.chunk.item.', new Set()],
]

/** True for an attribute whose value is content, in any of the conventions in use. */
export function isContentAttribute(key: string): boolean {
  if (EXACT.has(key)) return true
  for (const [prefix, except] of PREFIXES) if (key.startsWith(prefix)) return !except.has(key)
  return false
}
