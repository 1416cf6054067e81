import { TraceWriter, type WireAttribute, type WritableValue } from '../../otlp/index.ts'
import type { RestoredSpan } from './restore.ts'

export interface EncodedSpans {
  readonly body: Uint8Array
  readonly spans: number
  /** Spans that OTLP has no form for: a text that is no Unicode. */
  readonly unwritable: number
}

/** An ExportTraceServiceRequest of these spans, those of one resource and scope together. */
export function encodeSpans(batch: readonly RestoredSpan[]): EncodedSpans {
  const resources = new Map<string, Map<string, RestoredSpan[]>>()
  for (const span of batch) {
    const scopes = entryOf(resources, keyOf([span.resource, span.resourceSchemaUrl]), () => new Map<string, RestoredSpan[]>())
    entryOf(scopes, keyOf([span.scope, span.scopeSchemaUrl]), () => []).push(span)
  }
  const writer = new TraceWriter()
  let spans = 0
  for (const scopes of resources.values()) {
    let opened = false
    for (const group of scopes.values()) {
      const first = group[0]!
      if (!opened) writer.startResource(first.resource, first.resourceSchemaUrl)
      opened = true
      writer.startScope(first.scope, first.scopeSchemaUrl)
      for (const { span } of group) {
        try {
          writer.addSpan(span)
          spans++
        } catch {
          // The writer stands where it stood before the span.
        }
      }
    }
  }
  return { body: writer.finish(), spans, unwritable: batch.length - spans }
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

function attributeSize([key, value]: readonly [string, WritableValue]): number {
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
