import type {
  ArtifactRef,
  GapRecord,
  LogRecord,
  RecordedStep,
  RecordingManifest,
  RunSummary,
  SpanRecord,
  Verdict,
} from '../../src/schemas/index.ts'
import { digestOf } from '../../src/schemas/index.ts'

const runId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const hex64 = 'ab'.repeat(32)
const policy = { id: 'default', version: '1', digest: digestOf('policy') }

/** One of each kind with every optional field. The types check them too. */
const span: SpanRecord = {
  core: {
    schema: 'reprise.span/1',
    namespace: 'local',
    runId,
    traceId: runId,
    spanId,
    parentSpanId: '00f067aa0ba902b7',
    traceState: 'a=b',
    flags: 257,
    name: 'chat gpt',
    kind: 'model',
    operation: 'chat',
    stepName: 'chat',
    spanKind: 'client',
    startNanos: '1795257600000000000',
    endNanos: '1795257600500000000',
    status: { code: 'error', message: 'slow' },
    attributes: {
      text: 'x',
      yes: true,
      none: null,
      count: 3,
      ratio: 0.5,
      list: ['a', [1], { double: 1 }],
      nan: { double: 'NaN' },
      big: { int: '9223372036854775807' },
      raw: { bytes: 'AQI=' },
      map: {
        kvlist: [
          ['k', { kvlist: [] }],
          ['k', 1],
        ],
      },
    },
    droppedAttributes: 1,
    events: [{ name: 'e', timeNanos: '0', attributes: { a: 1 }, droppedAttributes: 2 }],
    droppedEvents: 1,
    links: [{ traceId: runId, spanId, traceState: '', attributes: {}, droppedAttributes: 1, flags: 1 }],
    droppedLinks: 1,
    resource: { attributes: { 'service.name': 'shop' }, droppedAttributes: 1, schemaUrl: 'u' },
    scope: { name: 'reprise', version: '1', attributes: {}, droppedAttributes: 1, schemaUrl: 'u' },
    fidelity: 'replayable',
    pending: true,
    sequence: 4,
    effect: 'read',
    shape: 'promise',
    streamEnd: 'done',
    deliveries: [0, 2],
    seed: '7',
    payloads: [
      { role: 'input', sizeBytes: 10, mediaType: 'application/json', commitment: hex64 },
      { role: '/attributes/gen_ai.prompt', sizeBytes: 10, mediaType: 'text/plain', withheld: 'redaction failed' },
    ],
    policy,
    redactions: { email: 2 },
    cuts: [{ what: 'input', reason: 'depth', count: 1 }],
  },
  refs: [{ role: 'input', digest: digestOf('payload'), salt: hex64 }],
}

const log: LogRecord = {
  core: {
    schema: 'reprise.log/1',
    namespace: 'local',
    runId,
    traceId: runId,
    spanId,
    flags: 1,
    timeNanos: '1795257600000000000',
    observedNanos: '1795257600000000001',
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'gen_ai.client.inference.operation.details',
    attributes: { 'gen_ai.operation.name': 'chat' },
    droppedAttributes: 1,
    resource: span.core.resource,
    scope: span.core.scope,
    payloads: [{ role: '/body', sizeBytes: 10, mediaType: 'text/plain; charset=utf-8', commitment: hex64 }],
    policy,
    redactions: { email: 2 },
    cuts: [{ what: '/attributes', reason: 'repeated_key', count: 1 }],
  },
  refs: [{ role: '/body', digest: digestOf('payload'), salt: hex64 }],
}

const gap: GapRecord = {
  core: { schema: 'reprise.gap/1', namespace: 'local', runId, sender: 'a', reason: 'queue_full', count: 3 },
  refs: [],
}

const artifact: ArtifactRef = { schema: 'reprise.artifact/1', role: 'output', digest: digestOf('x'), sizeBytes: 1, mediaType: 'text/plain' }

const runSummary: RunSummary = {
  schema: 'reprise.run-summary/1',
  namespace: 'local',
  id: runId,
  traceId: runId,
  rootSpanId: spanId,
  name: 'answer',
  kind: 'run',
  status: 'ok',
  service: 'shop',
  startNanos: '1',
  endNanos: '2',
  steps: 3,
  stepsByKind: { model: 1, tool: 2 },
  pending: 0,
  errors: 0,
  models: ['gpt'],
  inputTokens: 5,
  outputTokens: 6,
  redactions: 1,
  gaps: 0,
  fidelity: 'observed',
}

const recording: RecordingManifest = {
  schema: 'reprise.recording/1',
  runId,
  rootSpanId: spanId,
  name: 'answer',
  kind: 'run',
  writtenBy: { name: 'reprise', version: '0.1.0' },
  policy,
  seed: '7',
  steps: { file: 'steps.jsonl', count: 1, sizeBytes: 2, digest: digestOf('steps') },
  blobs: [{ digest: digestOf('x'), sizeBytes: 1, mediaType: 'text/plain' }],
  digest: digestOf('all'),
}

const recordedStep: RecordedStep = { schema: 'reprise.recorded-step/1', lineage: hex64, occurrence: 0, ...span }

const verdict: Verdict = {
  schema: 'reprise.verdict/1',
  mode: 'exact',
  runId,
  name: 'answer',
  label: 'diverged',
  policy,
  counts: {
    steps: 3,
    served: 1,
    ran: 1,
    covered: 1,
    live: 0,
    unmatched: 1,
    unused: 0,
    missing: 0,
    socketsDenied: 0,
    labels: { exact: 1, cached: 0, live: 0, diverged: 1, missing: 0, unstable: 1 },
  },
  output: { equal: false, recorded: digestOf('a'), replayed: digestOf('b') },
  steps: [{ kind: 'tool', name: 'refund', lineage: hex64, sequence: 2, label: 'exact', how: 'served' }],
  divergences: [
    {
      reason: 'unmatched',
      kind: 'model',
      name: 'chat',
      path: ['answer', 'chat'],
      message: 'no such call',
      lineage: hex64,
      nearest: { lineage: hex64, name: 'chat', sequence: 1 },
      differences: [{ path: '/0/model', recorded: '"a"', replayed: '"b"' }],
    },
  ],
}

export const SAMPLES: Readonly<Record<string, object>> = {
  span,
  log,
  gap,
  artifact,
  'run-summary': runSummary,
  recording,
  'recorded-step': recordedStep,
  verdict,
}
