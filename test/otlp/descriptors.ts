import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf'
import {
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

// The messages of opentelemetry-proto v1.11.0 (trace, logs, and the Status of google.rpc) as data, so that @bufbuild/protobuf
// can stand as the oracle without generated code. `[]` marks a repeated field, `?` a member of the oneof `value`.
const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  ExportTraceServiceRequest: ['resource_spans=1 ResourceSpans[]'],
  ExportTracePartialSuccess: ['rejected_spans=1 int64', 'error_message=2 string'],
  ExportTraceServiceResponse: ['partial_success=1 ExportTracePartialSuccess'],
  ResourceSpans: ['resource=1 Resource', 'scope_spans=2 ScopeSpans[]', 'schema_url=3 string'],
  Resource: ['attributes=1 KeyValue[]', 'dropped_attributes_count=2 uint32'],
  ScopeSpans: ['scope=1 InstrumentationScope', 'spans=2 Span[]', 'schema_url=3 string'],
  InstrumentationScope: ['name=1 string', 'version=2 string', 'attributes=3 KeyValue[]', 'dropped_attributes_count=4 uint32'],
  Span: [
    'trace_id=1 bytes',
    'span_id=2 bytes',
    'trace_state=3 string',
    'parent_span_id=4 bytes',
    'name=5 string',
    'kind=6 SpanKind',
    'start_time_unix_nano=7 fixed64',
    'end_time_unix_nano=8 fixed64',
    'attributes=9 KeyValue[]',
    'dropped_attributes_count=10 uint32',
    'events=11 Event[]',
    'dropped_events_count=12 uint32',
    'links=13 Link[]',
    'dropped_links_count=14 uint32',
    'status=15 Status',
    'flags=16 fixed32',
  ],
  Event: ['time_unix_nano=1 fixed64', 'name=2 string', 'attributes=3 KeyValue[]', 'dropped_attributes_count=4 uint32'],
  Link: [
    'trace_id=1 bytes',
    'span_id=2 bytes',
    'trace_state=3 string',
    'attributes=4 KeyValue[]',
    'dropped_attributes_count=5 uint32',
    'flags=6 fixed32',
  ],
  ExportLogsServiceRequest: ['resource_logs=1 ResourceLogs[]'],
  ExportLogsPartialSuccess: ['rejected_log_records=1 int64', 'error_message=2 string'],
  ExportLogsServiceResponse: ['partial_success=1 ExportLogsPartialSuccess'],
  ResourceLogs: ['resource=1 Resource', 'scope_logs=2 ScopeLogs[]', 'schema_url=3 string'],
  ScopeLogs: ['scope=1 InstrumentationScope', 'log_records=2 LogRecord[]', 'schema_url=3 string'],
  LogRecord: [
    'time_unix_nano=1 fixed64',
    'severity_number=2 SeverityNumber',
    'severity_text=3 string',
    'body=5 AnyValue',
    'attributes=6 KeyValue[]',
    'dropped_attributes_count=7 uint32',
    'flags=8 fixed32',
    'trace_id=9 bytes',
    'span_id=10 bytes',
    'observed_time_unix_nano=11 fixed64',
    'event_name=12 string',
  ],
  // The frame of any request with what stands in it left as bytes: so the oracle, too, takes each record by itself.
  FrameRequest: ['groups=1 FrameResource[]'],
  FrameResource: ['resource=1 bytes[]', 'scopes=2 FrameScope[]', 'schema_url=3 bytes'],
  FrameScope: ['scope=1 bytes[]', 'records=2 bytes[]', 'schema_url=3 bytes'],
  Status: ['message=2 string', 'code=3 StatusCode'],
  KeyValue: ['key=1 string', 'value=2 AnyValue'],
  AnyValue: [
    'string_value=1 string?',
    'bool_value=2 bool?',
    'int_value=3 int64?',
    'double_value=4 double?',
    'array_value=5 ArrayValue?',
    'kvlist_value=6 KeyValueList?',
    'bytes_value=7 bytes?',
  ],
  ArrayValue: ['values=1 AnyValue[]'],
  KeyValueList: ['values=1 KeyValue[]'],
  RpcStatus: ['code=1 int32', 'message=2 string', 'details=3 Detail[]'],
  // google.protobuf.Any, by a name that has no JSON form of its own.
  Detail: ['type_url=1 string', 'value=2 bytes'],
  RetryInfo: ['retry_delay=1 RetryDelay'],
  RetryDelay: ['seconds=1 int64', 'nanos=2 int32'],
}

const ENUMS: Readonly<Record<string, readonly string[]>> = {
  SpanKind: ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`),
  SeverityNumber: [
    'SEVERITY_NUMBER_UNSPECIFIED',
    ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) =>
      ['', 2, 3, 4].map((step) => `SEVERITY_NUMBER_${level}${step}`),
    ),
  ],
  StatusCode: ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`),
}

const SCALARS: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bytes: Type.BYTES,
  bool: Type.BOOL,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  double: Type.DOUBLE,
}

function fieldOf(line: string): ReturnType<typeof create<typeof FieldDescriptorProtoSchema>> {
  const [, name = '', number = '', type = '', mark = ''] = /^(\w+)=(\d+) (\w+)(\[\]|\?)?$/.exec(line) ?? []
  const scalar = SCALARS[type]
  return create(FieldDescriptorProtoSchema, {
    name,
    jsonName: name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    label: mark === '[]' ? Label.REPEATED : Label.OPTIONAL,
    type: scalar ?? (type in ENUMS ? Type.ENUM : Type.MESSAGE),
    ...(scalar === undefined ? { typeName: `.otlp.${type}` } : {}),
    ...(mark === '?' ? { oneofIndex: 0 } : {}),
  })
}

function descriptorFile(): FileDescriptorProto {
  return create(FileDescriptorProtoSchema, {
    name: 'otlp.proto',
    package: 'otlp',
    syntax: 'proto3',
    messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
      name,
      field: fields.map(fieldOf),
      oneofDecl: fields.some((field) => field.endsWith('?')) ? [{ name: 'value' }] : [],
    })),
    enumType: Object.entries(ENUMS).map(([name, values]) => ({ name, value: values.map((value, number) => ({ name: value, number })) })),
  })
}

const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [descriptorFile()] }))

export function messageSchema(name: keyof typeof MESSAGES): DescMessage {
  const schema = registry.getMessage(`otlp.${name}`)
  if (schema === undefined) throw new Error(`no message ${name}`)
  return schema
}
