import { LogWriter, TraceWriter, type WireAttribute, type WritableAttribute, type WritableValue } from '../../otlp/index.ts'
import type { RestoredOrigin } from './contents.ts'
import type { RestoredSpan } from './restore.ts'
import type { RestoredLog } from './restore-log.ts'

export interface EncodedBatch {
  readonly body: Uint8Array
  readonly records: number
  /** Records that OTLP has no form for: a text that is no Unicode. */
  readonly unwritable: number
}

/** An ExportTraceServiceRequest of these spans, those of one resource and scope together. */
export function encodeSpans(batch: readonly RestoredSpan[]): EncodedBatch {
  const writer = new TraceWriter()
  const records = writeGroups(writer, batch, ({ span }) => writer.addSpan(span))
  return { body: writer.finish(), records, unwritable: batch.length - records }
}

/** An ExportLogsServiceRequest, in the same way. */
export function encodeLogs(batch: readonly RestoredLog[]): EncodedBatch {
  const writer = new LogWriter()
  const records = writeGroups(writer, batch, ({ log }) => writer.addLog(log))
  return { body: writer.finish(), records, unwritable: batch.length - records }
}

function writeGroups<T extends RestoredOrigin>(
  writer: Pick<TraceWriter, 'startResource' | 'startScope'>,
  batch: readonly T[],
  write: (record: T) => void,
): number {
  const resources = new Map<string, Map<string, T[]>>()
  for (const record of batch) {
    const scopes = entryOf(resources, keyOf([record.resource, record.resourceSchemaUrl]), () => new Map<string, T[]>())
    entryOf(scopes, keyOf([record.scope, record.scopeSchemaUrl]), () => []).push(record)
  }
  let written = 0
  for (const scopes of resources.values()) {
    let opened = false
    for (const group of scopes.values()) {
      const first = group[0]!
      if (!opened) writer.startResource(first.resource, first.resourceSchemaUrl)
      opened = true
      writer.startScope(first.scope, first.scopeSchemaUrl)
      for (const record of group) {
        try {
          write(record)
          written++
        } catch {
          // The writer stands where it stood before the record.
        }
      }
    }
  }
  return written
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function keyOf(parts: unknown): string {
  return JSON.stringify(parts, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
}

/** Roughly what a span takes on the wire: enough to bound a request. */
export function sizeOfSpan({ span }: RestoredSpan): number {
  let bytes = 200 + span.name.length
  for (const attribute of span.attributes) bytes += attributeSize(attribute)
  for (const event of span.events) for (const attribute of event.attributes) bytes += attributeSize(attribute)
  for (const link of span.links) for (const attribute of link.attributes) bytes += attributeSize(attribute)
  return bytes
}

/** The same of a log record. */
export function sizeOfLog({ log }: RestoredLog): number {
  let bytes = 100 + log.eventName.length + log.severityText.length + valueSize(log.body)
  for (const attribute of log.attributes) bytes += attributeSize(attribute)
  return bytes
}

function attributeSize([key, value]: WritableAttribute): number {
  return 8 + key.length + valueSize(value)
}

function valueSize(value: WritableValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 9
  if ('utf8' in value) return value.utf8.length
  if ('bytes' in value) return value.bytes.length
  if ('array' in value) return value.array.reduce<number>((sum, item) => sum + 4 + valueSize(item), 0)
  if ('kvlist' in value) return value.kvlist.reduce<number>((sum, pair: WireAttribute) => sum + attributeSize(pair), 0)
  if ('textPieces' in value) return value.textPieces.reduce((sum, piece) => sum + piece.length, 0)
  return 'bytesPieces' in value ? value.bytesPieces.reduce((sum, piece) => sum + piece.length, 0) : 9
}
