/**
 * Attribute names of ours, used only where OpenTelemetry has none. The SDK sends them on spans; the collector lifts
 * them out of the attributes into the fields of the canonical span.
 */
export const ATTR = {
  runId: 'reprise.run.id',
  kind: 'reprise.kind',
  operation: 'reprise.operation',
  stepName: 'reprise.step.name',
  sequence: 'reprise.sequence',
  effect: 'reprise.effect',
  fidelity: 'reprise.fidelity',
  pending: 'reprise.pending',
  seed: 'reprise.seed',
  shape: 'reprise.shape',
  streamEnd: 'reprise.stream.end',
  /** Content, not lifted: JSON text of what a generator returned. */
  streamReturned: 'reprise.stream.returned',
  /** int array: start, count, start, count, … */
  deliveries: 'reprise.deliveries',
  /** JSON text of an array of `{ what, reason, count }`. */
  cuts: 'reprise.cuts',
  /** Payloads: a string value is JSON text unless the media type attribute beside it says otherwise. */
  input: 'reprise.input',
  output: 'reprise.output',
  error: 'reprise.error',
  inputMediaType: 'reprise.input.media_type',
  outputMediaType: 'reprise.output.media_type',
  errorMediaType: 'reprise.error.media_type',
  /** Not lifted: they stay attributes. The first is an int array: see effect-log. */
  effects: 'reprise.effects',
  /** String array: JSON pointers into the arguments, `*` for any name; a replay does not match the call by what stands there. */
  ignored: 'reprise.ignored',
  stepIndex: 'reprise.step.index',
  artifactName: 'reprise.artifact.name',
  metricName: 'reprise.metric.name',
  metricValue: 'reprise.metric.value',
  /** Of a run that a replay made: the run that was replayed, and on a step the span of it that answered; and how, as a label. */
  parentRunId: 'reprise.parent.run.id',
  parentSpanId: 'reprise.parent.span.id',
  label: 'reprise.label',
  /** The id that the program of such a run saw as its own. */
  shownRunId: 'reprise.shown.run.id',
  /** Of a fork: the span that was changed, and canonical JSON of what was set, an array of `[path, value]`. */
  forkSpanId: 'reprise.fork.span.id',
  forkPatch: 'reprise.fork.patch',
  /** On a step that was called with another input than the program gave it: the same of that input, to be set again in a replay. */
  forkInput: 'reprise.fork.input',
  /** A span that carries these two is a gap notice of the SDK, not a step. */
  gapReason: 'reprise.gap.reason',
  gapCount: 'reprise.gap.count',
  /** On the resource: a random id for each recorder, and the number of the batch among its batches, from 0. */
  senderId: 'reprise.sender.id',
  senderSequence: 'reprise.sender.sequence',
} as const

/** The OpenTelemetry GenAI names we write (semantic-conventions-genai 1.42.0-dev). */
export const GENAI = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  systemInstructions: 'gen_ai.system_instructions',
  toolDefinitions: 'gen_ai.tool.definitions',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  toolCallArguments: 'gen_ai.tool.call.arguments',
  toolCallResult: 'gen_ai.tool.call.result',
  agentName: 'gen_ai.agent.name',
  retrievalQuery: 'gen_ai.retrieval.query.text',
  retrievalDocuments: 'gen_ai.retrieval.documents',
  dataSourceId: 'gen_ai.data_source.id',
  errorType: 'error.type',
} as const

export const MEDIA_TYPE = {
  json: 'application/json',
  /** A value that JSON cannot hold, as MessagePack (see value-codec). */
  msgpack: 'application/vnd.reprise.value+msgpack',
  /** One attribute value in the loss-free JSON form of AttributeValue. */
  attribute: 'application/vnd.reprise.attribute+json',
  text: 'text/plain; charset=utf-8',
  bytes: 'application/octet-stream',
} as const

/** Attributes longer than this many UTF-8 bytes are kept as payloads, not in the record. */
export const ATTRIBUTE_INLINE_MAX_BYTES = 512

/** RFC 6838 names, and parameters without quotes: a media type goes into records and into a response header. */
export const MEDIA_TYPE_FORM: RegExp =
  /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(?:; ?[a-z0-9-]{1,40}=[a-z0-9._-]{1,60}){0,4}$/
