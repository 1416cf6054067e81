import { isDeepStrictEqual } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { decodeLogs, decodeTraces, type OtlpEncoding, type WireResource, type WireScope } from '../../src/otlp/index.ts'
import { RepriseError } from '../../src/schemas/index.ts'
import { messageSchema } from './descriptors.ts'
import { logForm, resourceForm, scopeForm, spanForm } from './oracle-forms.ts'
import { canonicalBytes, type ReferenceScope, readReference, type SignalName, Unreadable } from './reference.ts'

export type Outcome = 'refused' | 'kept whole' | 'kept in part'

/** Thrown where our reader and the reference do not agree; the message says about what. */
export class Disagreement extends Error {}

interface OwnScope {
  readonly resource: WireResource
  readonly resourceSchemaUrl: string
  readonly scope: WireScope
  readonly scopeSchemaUrl: string
  readonly records: readonly string[]
}

interface OwnReading {
  readonly scopes: readonly OwnScope[]
  readonly accepted: number
  readonly rejected: readonly { readonly index: number; readonly reason: string }[]
}

/** What our reader makes of a body; undefined when it refuses it. */
export function readOwn(body: Uint8Array, encoding: OtlpEncoding, signal: SignalName): OwnReading | undefined {
  try {
    if (signal === 'traces') {
      const { resourceSpans, accepted, rejected } = decodeTraces(body, encoding)
      const scopes = resourceSpans.flatMap(({ resource, schemaUrl: resourceSchemaUrl, scopeSpans }) =>
        scopeSpans.map(({ scope, schemaUrl: scopeSchemaUrl, spans }) => {
          const records = spans.map((span) => canonicalBytes('Span', create(messageSchema('Span'), spanForm(span))))
          return { resource, resourceSchemaUrl, scope, scopeSchemaUrl, records }
        }),
      )
      return { scopes, accepted, rejected }
    }
    const { resourceLogs, accepted, rejected } = decodeLogs(body, encoding)
    const scopes = resourceLogs.flatMap(({ resource, schemaUrl: resourceSchemaUrl, scopeLogs }) =>
      scopeLogs.map(({ scope, schemaUrl: scopeSchemaUrl, logRecords }) => {
        const records = logRecords.map((log) => canonicalBytes('LogRecord', create(messageSchema('LogRecord'), logForm(log))))
        return { resource, resourceSchemaUrl, scope, scopeSchemaUrl, records }
      }),
    )
    return { scopes, accepted, rejected }
  } catch (error) {
    if (RepriseError.isInstance(error) && error.code === 'malformed_body') return undefined
    throw error
  }
}

function same(what: string, own: unknown, reference: unknown): void {
  if (own !== reference) throw new Disagreement(`${what}: we say ${String(own)}, the reference ${String(reference)}`)
}

/** Reads a protobuf body in both ways. @throws Disagreement */
export function compare(body: Uint8Array, signal: SignalName): Outcome {
  let reference: readonly ReferenceScope[] | undefined
  try {
    reference = readReference(body, signal)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
  }
  const own = readOwn(body, 'protobuf', signal)
  same('the body is readable', own !== undefined, reference !== undefined)
  if (own === undefined || reference === undefined) return 'refused'

  same('scopes', own.scopes.length, reference.length)
  const reasons = new Map(own.rejected.map(({ index, reason }) => [index, reason]))
  same('rejected records are told once each', reasons.size, own.rejected.length)
  let index = 0
  for (const [at, expected] of reference.entries()) {
    const found = own.scopes[at]
    if (found === undefined) throw new Disagreement(`scope ${at} is missing`)
    const kept = expected.records.filter((record) => record !== undefined)
    for (const record of expected.records) {
      same(`record ${index} is rejected (${reasons.get(index) ?? 'no'})`, reasons.has(index), record === undefined)
      index++
    }
    same(`records of scope ${at}`, found.records.length, kept.length)
    for (const [place, record] of kept.entries()) same(`record ${place} of scope ${at}`, found.records[place], record)
    // Of a part that cannot be read nothing is claimed.
    if (kept.length === 0) continue
    same('resource', canonicalBytes('Resource', create(messageSchema('Resource'), resourceForm(found.resource))), expected.resource)
    const scope = create(messageSchema('InstrumentationScope'), scopeForm(found.scope))
    same('scope', canonicalBytes('InstrumentationScope', scope), expected.scope)
    same('schema URL of the resource', found.resourceSchemaUrl, expected.resourceSchemaUrl)
    same('schema URL of the scope', found.scopeSchemaUrl, expected.scopeSchemaUrl)
  }
  same('accepted', own.accepted, reference.flatMap(({ records }) => records).filter((record) => record !== undefined).length)
  return own.rejected.length === 0 ? 'kept whole' : 'kept in part'
}

/** Reads a JSON body of ours and the same written in another way. @throws Disagreement */
export function compareVariant(json: string, variant: string, signal: SignalName): Outcome {
  const [plain, other] = [json, variant].map((text) => readOwn(Buffer.from(text), 'json', signal))
  if (plain === undefined || plain.rejected.length > 0) throw new Disagreement('our own JSON is not read whole')
  if (!isDeepStrictEqual(other, plain)) throw new Disagreement(`read another way: ${JSON.stringify(other?.rejected ?? 'refused')}`)
  return 'kept whole'
}
