import type { Frame } from './protobuf/decode-frame.ts'
import type { DecodedLogs, DecodedTraces, RejectedLog, RejectedSpan, WireLog, WireSpan } from './protobuf/wire.ts'

export type NamedSpan = Omit<RejectedSpan, 'index' | 'reason'>
export type NamedLog = Omit<RejectedLog, 'index' | 'reason'>

// The frame of a request is the same for every signal but for the names of its parts.

export function tracesOf({ groups, accepted, rejected }: Frame<WireSpan, NamedSpan>): DecodedTraces {
  const resourceSpans = groups.map(({ resource, schemaUrl, scopes }) => ({
    resource,
    schemaUrl,
    scopeSpans: scopes.map(({ scope, schemaUrl: url, records }) => ({ scope, schemaUrl: url, spans: records })),
  }))
  return { resourceSpans, accepted, rejected }
}

export function logsOf({ groups, accepted, rejected }: Frame<WireLog, NamedLog>): DecodedLogs {
  const resourceLogs = groups.map(({ resource, schemaUrl, scopes }) => ({
    resource,
    schemaUrl,
    scopeLogs: scopes.map(({ scope, schemaUrl: url, records }) => ({ scope, schemaUrl: url, logRecords: records })),
  }))
  return { resourceLogs, accepted, rejected }
}
