import { isContentAttribute } from './content-keys.ts'

/** Attributes whose text names things of the system: services, models, methods, kinds, ids. Never what somebody wrote. */
const EXACT: ReadonlySet<string> = new Set([
  'process.pid',
  'process.executable.name',
  'error.type',
  'exception.type',
  'exception.escaped',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'http.method',
  'http.status_code',
  'url.scheme',
  'db.system',
  'db.system.name',
  'db.operation',
  'db.operation.name',
  'db.collection.name',
  'messaging.system',
  'messaging.operation',
  'messaging.operation.name',
  'messaging.operation.type',
  'session.id',
  // OpenInference.
  'openinference.span.kind',
  'llm.model_name',
  'llm.provider',
  'llm.system',
  'llm.vendor',
  'llm.request.type',
  'llm.is_streaming',
  'tool.name',
  'embedding.model_name',
  'reranker.model_name',
  // OpenLLMetry.
  'traceloop.span.kind',
  'traceloop.entity.name',
  'traceloop.workflow.name',
  // Vercel AI SDK.
  'operation.name',
  'resource.name',
  'ai.operationId',
  'ai.telemetry.functionId',
  'ai.response.id',
  'ai.response.model',
  'ai.response.finishReason',
  'ai.response.timestamp',
  'ai.toolCall.name',
  'ai.toolCall.id',
  // Langfuse, MLflow, Logfire.
  'langfuse.observation.type',
  'langfuse.observation.model.name',
  'mlflow.spanType',
  'mlflow.traceRequestId',
  'logfire.span_type',
])

const PREFIXES: readonly string[] = [
  'service.',
  'telemetry.',
  'host.',
  'os.',
  'container.',
  'k8s.',
  'cloud.',
  'faas.',
  'deployment.',
  'process.runtime.',
  'webengine.',
  'network.',
  'server.',
  'rpc.',
  'code.',
  'thread.',
  'otel.',
  'reprise.',
  'gen_ai.',
  'ai.model.',
  'ai.usage.',
]

/** Of the families above, what people write all the same. */
const WRITTEN: ReadonlySet<string> = new Set([
  'gen_ai.agent.description',
  'gen_ai.tool.description',
  'gen_ai.request.stop_sequences',
  'gen_ai.data_source.description',
])

/** True for an attribute that is known to say nothing of what a program was given or gave. */
export function isMetadataAttribute(key: string): boolean {
  if (isContentAttribute(key) || WRITTEN.has(key)) return false
  return EXACT.has(key) || PREFIXES.some((prefix) => key.startsWith(prefix))
}
