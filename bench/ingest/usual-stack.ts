// The yardstick: an ingest service as it is usually written. protobufjs decodes, a loop of regular expressions redacts each
// string, every span is a wide row and every long payload a BLOB row under its digest, one transaction a request, durable
// (synchronous=FULL) before the answer. The rules are those of Reprise's own policy, one global expression each.
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import protobuf from 'protobufjs'
import { policyDataOf } from '../../src/redaction/policy.ts'

const PROTO = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
  repeated Event events = 11; uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16;
}
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; }
message Status { string message = 2; int32 code = 3; }
`

interface Value {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: number | { toNumber(): number }
  readonly doubleValue?: number
}
interface Pair {
  readonly key: string
  readonly value?: Value
}
interface Span {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly parentSpanId?: Uint8Array
  readonly name: string
  readonly kind?: number
  readonly startTimeUnixNano: { toString(): string }
  readonly endTimeUnixNano: { toString(): string }
  readonly attributes: readonly Pair[]
  readonly status?: { readonly code?: number; readonly message?: string }
}
interface Request {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly { readonly scope?: { readonly name: string }; readonly spans: readonly Span[] }[]
  }[]
}

// A rule that is a function and has no expression is left out.
const RULES: readonly RegExp[] = policyDataOf('default').rules.flatMap((rule) => {
  if (rule.detector === 'email') return /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}/g
  if (rule.detector === 'payment-card') return /\b(?:\d[ -]?){12,18}\d\b/g
  if (rule.detector === 'private-key')
    return /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,65536}?-----END [A-Z0-9 ]{0,40}-----/g
  if (rule.detector === 'url-userinfo') return /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,256}:[^\s@/]{1,512}@/gi
  return rule.pattern === undefined ? [] : new RegExp(rule.pattern, `g${rule.flags ?? ''}`)
})

function redact(text: string): string {
  let clean = text
  for (const rule of RULES) clean = clean.replace(rule, '[redacted]')
  return clean
}

/** Attributes that get a column; the others go into one as JSON. */
const COLUMNS = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.response.id',
  'gen_ai.request.temperature',
  'gen_ai.request.max_tokens',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.conversation.id',
  'server.address',
  'server.port',
] as const
const FIXED = [
  ...['trace_id', 'span_id', 'parent_span_id', 'name', 'kind', 'start_nanos', 'end_nanos', 'duration_millis', 'status_code'],
  ...['status_message', 'service_name', 'service_version', 'host_name', 'process_pid', 'scope_name', 'input_digest', 'output_digest'],
  'attributes',
] as const
const PAYLOAD_MIN_BYTES = 512

function open(folder: string): { insertSpan: StatementSync; insertBlob: StatementSync; database: DatabaseSync } {
  const database = new DatabaseSync(join(folder, 'usual.db'))
  const columns = [...FIXED, ...COLUMNS.map((name) => name.replaceAll('.', '_'))]
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE spans (id INTEGER PRIMARY KEY, ${columns.join(', ')});
    CREATE UNIQUE INDEX spans_span ON spans (trace_id, span_id);
    CREATE INDEX spans_start ON spans (start_nanos);
    CREATE TABLE blobs (digest TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
  `)
  return {
    database,
    insertSpan: database.prepare(`INSERT OR IGNORE INTO spans (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`),
    insertBlob: database.prepare('INSERT OR IGNORE INTO blobs (digest, data) VALUES (?, ?)'),
  }
}

/** Gives the server, not yet listening. */
export function createUsualStack(folder: string): Server {
  const requestType = protobuf.parse(PROTO).root.lookupType('Request')
  const decode = (body: Uint8Array): Request => requestType.decode(body) as protobuf.Message & Request
  const { database, insertSpan, insertBlob } = open(folder)

  const plain = (value: Value | undefined): string | number | null => {
    if (value?.stringValue !== undefined && value.stringValue !== null) return redact(value.stringValue)
    if (value?.intValue !== undefined && value.intValue !== null)
      return typeof value.intValue === 'number' ? value.intValue : value.intValue.toNumber()
    if (value?.boolValue !== undefined && value.boolValue !== null) return value.boolValue ? 1 : 0
    return value?.doubleValue ?? null
  }
  const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : Buffer.from(bytes).toString('hex'))

  const store = (request: Request): void => {
    database.exec('BEGIN')
    for (const { resource, scopeSpans } of request.resourceSpans) {
      const about = new Map((resource?.attributes ?? []).map(({ key, value }) => [key, plain(value)]))
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) {
          const attributes: Record<string, string | number | null> = {}
          const digests: Record<string, string> = {}
          for (const { key, value } of span.attributes) {
            const clean = plain(value)
            if (typeof clean === 'string' && clean.length >= PAYLOAD_MIN_BYTES) {
              const bytes = Buffer.from(clean)
              const digest = createHash('sha256').update(bytes).digest('hex')
              insertBlob.run(digest, bytes)
              digests[key] = digest
            } else attributes[key] = clean
          }
          const known = COLUMNS.map((name) => attributes[name] ?? null)
          for (const name of COLUMNS) delete attributes[name]
          const start = BigInt(span.startTimeUnixNano.toString())
          const end = BigInt(span.endTimeUnixNano.toString())
          const row: SQLInputValue[] = [
            ...[hex(span.traceId), hex(span.spanId), hex(span.parentSpanId), redact(span.name), span.kind ?? 0, start, end],
            ...[Number((end - start) / 1_000_000n), span.status?.code ?? 0, redact(span.status?.message ?? '')],
            ...[about.get('service.name') ?? null, about.get('service.version') ?? null, about.get('host.name') ?? null],
            ...[about.get('process.pid') ?? null, scope?.name ?? null],
            ...[digests['gen_ai.input.messages'] ?? null, digests['gen_ai.output.messages'] ?? null, JSON.stringify(attributes)],
            ...known,
          ]
          insertSpan.run(...row)
        }
      }
    }
    database.exec('COMMIT')
  }

  return createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      store(decode(Buffer.concat(chunks)))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
}
