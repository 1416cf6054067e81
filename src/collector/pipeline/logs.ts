import type { DecodedLogs, WireLog, WireResource } from '../../otlp/index.ts'
import {
  type Batch,
  type PrepareContext,
  type PreparedBatch,
  type PrepareSteps,
  prepareGroups,
  recordOf,
  runSteps,
  type SharedScope,
} from './batch.ts'
import { normalizeLog } from './normalize-log.ts'
import { newFindings } from './redact.ts'
import { logCoreText } from './write-log-core.ts'

/** One record into the batch, or among its rejected ones. */
export function prepareLog(log: WireLog, _resource: WireResource, shared: SharedScope, context: PrepareContext, batch: Batch): void {
  const name = log.eventName === '' ? {} : { eventName: log.eventName }
  batch.attempt(name, 'log record', () => {
    const draft = normalizeLog(log)
    if (draft.type === 'rejected') {
      batch.rejected.push({ ...name, reason: draft.reason })
      return
    }
    const found = newFindings()
    found.place = { ...(draft.runId !== undefined && { runId: draft.runId }), ...(log.spanId !== '' && { spanId: log.spanId }) }
    const core = logCoreText(draft, shared.text, context.cleaner, found)
    batch.add(recordOf(core, found, shared, context, batch))
  })
}

/** The log records of one body, step by step: see `prepareGroups`. */
export function prepareLogSteps(decoded: DecodedLogs, context: PrepareContext): PrepareSteps {
  const groups = decoded.resourceLogs.map(({ resource, schemaUrl, scopeLogs }) => ({
    resource,
    schemaUrl,
    scopes: scopeLogs.map(({ scope, schemaUrl: url, logRecords }) => ({ scope, schemaUrl: url, records: logRecords })),
  }))
  return prepareGroups(groups, context, prepareLog)
}

/** `prepareLogSteps` in one go. */
export function prepareLogs(decoded: DecodedLogs, context: PrepareContext): PreparedBatch {
  return runSteps(prepareLogSteps(decoded, context), context)
}
