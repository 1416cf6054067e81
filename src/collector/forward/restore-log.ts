import type { WireAttribute, WritableLog } from '../../otlp/index.ts'
import { ATTR, type LogRecord } from '../../schemas/index.ts'
import { Contents, type ReadPayload, type RestoredOrigin } from './contents.ts'

/** A log record as it is sent on: what the record holds with its payloads back in their places. */
export interface RestoredLog extends RestoredOrigin {
  readonly log: WritableLog
}

export function restoreLog(record: LogRecord, read: ReadPayload): RestoredLog {
  const { core } = record
  const contents = new Contents(record, read)
  // The run was lifted out of the attributes, where the trace does not name it already.
  const run: WireAttribute[] = core.runId === undefined || core.runId === core.traceId ? [] : [[ATTR.runId, core.runId]]
  return {
    ...contents.origin(core),
    log: {
      timeNanos: BigInt(core.timeNanos ?? 0),
      observedNanos: BigInt(core.observedNanos ?? 0),
      severityNumber: core.severityNumber ?? 0,
      severityText: contents.text('/severityText', core.severityText),
      body: contents.value('/body'),
      attributes: [...contents.attributes('/attributes', core.attributes), ...run],
      droppedAttributes: core.droppedAttributes ?? 0,
      flags: core.flags ?? 0,
      traceId: core.traceId ?? '',
      spanId: core.spanId ?? '',
      eventName: contents.text('/eventName', core.eventName),
    },
  }
}
