import { zstdDecompressSync } from 'node:zlib'
import { expect } from 'vitest'
import { prepareLogs } from '../../src/collector/pipeline/logs.ts'
import { createPrepareContext, type PreparedBatch } from '../../src/collector/pipeline/prepare.ts'
import type { WireLog, WireResourceLogs } from '../../src/otlp/index.ts'
import type { Redactor } from '../../src/redaction/index.ts'
import { type LogRecord, logRecordSchema } from '../../src/schemas/public.ts'
import { bareLog, logGroupOf } from '../otlp/helpers.ts'
import { redactor } from './pipeline-support.ts'

export function prepareLogGroups(resourceLogs: readonly WireResourceLogs[], use: Redactor = redactor): PreparedBatch {
  return prepareLogs({ resourceLogs, accepted: 1, rejected: [] }, createPrepareContext({ namespace: 'local', redactor: use }))
}

/** The records of a packed batch as they will stand on the tape. */
export function linesOf({ packed }: PreparedBatch): string[] {
  const lines = Buffer.from(packed.lines.bytes).toString('utf8').split('\n')
  expect(lines.pop()).toBe('')
  return lines
}

/** The payloads of a packed batch by digest. */
export function payloadsOf({ packed }: PreparedBatch): Map<string, string> {
  const { frames, ends, digests } = packed.blobs
  const bytes = Buffer.from(frames)
  const payloads = new Map<string, string>()
  let start = 0
  for (const [index, end] of [...ends].entries()) {
    const digest = Buffer.from(digests.subarray(index * 32, index * 32 + 32)).toString('hex')
    // Before each frame stands a skippable one: magic number, length, content (RFC 8878, section 3.1.2).
    const frame = start + 8 + bytes.readUInt32LE(start + 4)
    payloads.set(`sha256:${digest}`, zstdDecompressSync(bytes.subarray(frame, end)).toString('utf8'))
    start = end
  }
  return payloads
}

export function oneLog(
  fields: Partial<WireLog>,
  use?: Redactor,
): { record: LogRecord; line: string; payloads: ReadonlyMap<string, string> } {
  const prepared = prepareLogGroups(logGroupOf([bareLog(fields)]), use)
  expect(prepared.rejected).toEqual([])
  const [line = '', ...others] = linesOf(prepared)
  expect(others).toEqual([])
  const record = logRecordSchema.parse(JSON.parse(line))
  const payloads = payloadsOf(prepared)
  expect(new Set(payloads.keys())).toEqual(new Set(record.refs.map((ref) => ref.digest)))
  return { record, line, payloads: new Map(record.refs.map((ref) => [ref.role, payloads.get(ref.digest) ?? ''])) }
}
