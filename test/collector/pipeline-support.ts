import { expect } from 'vitest'
import { createPrepareContext, type PreparedTraces, prepareTraces } from '../../src/collector/pipeline/prepare.ts'
import { decodeTraces, type WireResourceSpans, type WireSpan } from '../../src/otlp/index.ts'
import { createRedactor, type Redactor } from '../../src/redaction/index.ts'
import { type SpanRecord, spanRecordSchema } from '../../src/schemas/public.ts'
import type { PreparedBlob, PreparedRecord } from '../../src/store/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { unpackBatch } from '../store/support/unpack.ts'

export const redactor = createRedactor({ key: new Uint8Array(32).fill(7) })
/** A redactor that finds nothing, so that what comes out can be compared with what went in. */
export const blind: Redactor = {
  policy: redactor.policy,
  redactText: (text) => ({ value: text, counts: undefined }),
  redactJson: (text) => ({ value: text, counts: undefined }),
  redactValue: (data) => ({ value: data, counts: undefined }),
  redactPayload: (_type, data) => ({ value: data, counts: undefined }),
}
/** Throws wherever it meets the word. */
export const failing: Redactor = {
  ...redactor,
  redactText: (text, field) => (text.includes('boom') ? fail() : redactor.redactText(text, field)),
  redactPayload: (type, data, field) => (Buffer.from(data).includes('boom') ? fail() : redactor.redactPayload(type, data, field)),
}
function fail(): never {
  throw new Error('the redactor broke on boom')
}

/** What was prepared, unpacked. */
export type Prepared = Omit<PreparedTraces, 'packed'> & { readonly records: PreparedRecord[]; readonly blobs: PreparedBlob[] }

export function unpacked({ packed, rejected, redactions, withheld, unscanned }: PreparedTraces): Prepared {
  return { ...unpackBatch(packed), rejected, redactions, withheld, unscanned }
}

export function prepare(groups: readonly WireResourceSpans[], use: Redactor = redactor): Prepared {
  const context = createPrepareContext({ namespace: 'local', redactor: use })
  return unpacked(prepareTraces(decodeTraces(writeTraces(groups), 'protobuf'), context))
}

export function only(prepared: Prepared): SpanRecord {
  expect(prepared.rejected).toEqual([])
  expect(prepared.records).toHaveLength(1)
  return spanRecordSchema.parse(JSON.parse(prepared.records[0]!.line))
}

export const one = (fields: Partial<WireSpan>, use?: Redactor): { record: SpanRecord; prepared: Prepared } => {
  const prepared = prepare(groupOf([bareSpan(fields)]), use)
  return { record: only(prepared), prepared }
}
export const payloadOf = (record: SpanRecord, role: string): SpanRecord['core']['payloads'][number] | undefined =>
  record.core.payloads.find((payload) => payload.role === role)
export const textOf = (prepared: Prepared, record: SpanRecord, role: string): string => {
  const digest = record.refs.find((ref) => ref.role === role)!.digest
  return Buffer.from(prepared.blobs.find((blob) => blob.digest === digest)!.data).toString('utf8')
}
