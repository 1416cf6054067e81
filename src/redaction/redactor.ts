import { MEDIA_TYPE, type PolicyRef } from '../schemas/index.ts'
import { LATEST_VERSION, type PolicyId, type PolicyVersion, policyRefOf } from './policy.ts'
import { rescanText } from './rescan.ts'
import { type CompiledPolicy, compiledPolicy } from './scanner/compile.ts'
import { type AnchorHits, type Scan, scanText } from './scanner/scan.ts'
import { chooseSpans, renderSpans, type Span, settleSpans, shownLength } from './spans.ts'
import { findInFieldString, findInJson, findInString } from './structure/find-json.ts'
import { redactPayloadWith } from './structure/payload.ts'
import { findInParts, findInSeries, type SeriesMatch } from './structure/series.ts'
import { redactTree, type StringTools } from './structure/value-walk.ts'
import { Pseudonyms } from './tokens.ts'

/** `counts`: tokens put in, by rule; undefined where nothing was hit, and then `value` is what was given. */
export interface Redacted<T> {
  readonly value: T
  readonly counts: Readonly<Record<string, number>> | undefined
  /** Of payloads and values: what is no text and was left alone, by kind (`image`, `audio`, `video`, `typed-array`, `bytes`). Absent: nothing. */
  readonly unscanned?: Readonly<Record<string, number>>
}

export interface RedactorOptions {
  readonly policyId?: PolicyId
  /** The latest if absent; earlier ones are for what was recorded under them. */
  readonly policyVersion?: PolicyVersion
  /** Key of the pseudonyms, 32 random bytes of the store. */
  readonly key: Uint8Array
}

/**
 * Replaces what the policy names by keyed pseudonyms `<rule:12 hex>`. Redacting twice changes nothing; equal values give
 * equal tokens. Each method may throw `RepriseError('redaction_failed')`; then nothing of the input may be kept.
 */
export interface Redactor {
  readonly policy: PolicyRef
  /** Canonical JSON that `policy.digest` is of, for a policy that is no release's own: who reads the records needs it. */
  readonly policyText?: string
  /** Where the policy keeps not all content; who asks it withholds what it does not keep. */
  readonly limits?: ContentLimits
  /** The redactor for one kind of steps; only where the policy has rules that are confined to kinds. */
  readonly ofKind?: (kind: string) => Redactor
  /** Any text. `field`: name of the field or attribute that holds it, where it has one. */
  redactText(text: string, field?: string): Redacted<string>
  /** A JSON text, kept valid and outside of hits byte for byte; what is not JSON is taken as text. */
  redactJson(jsonText: string, field?: string): Redacted<string>
  /** A JavaScript value, copied where something is hit. Throws past 128 levels, which a cycle is. */
  redactValue(value: unknown, field?: string): Redacted<unknown>
  /** A payload as stored: text for text, bytes for bytes. Bytes that are no text are left alone. */
  redactPayload(mediaType: string, data: string | Uint8Array, field?: string): Redacted<string | Uint8Array>
}

export interface ContentLimits {
  /** Whether anything of a payload of this media type is kept. */
  keepsPayload(mediaType: string): boolean
  /** Whether a rule keeps what stands under this attribute. Names, numbers and what is no content are not asked for. */
  keepsAttribute(name: string): boolean
}

export function createRedactor(options: RedactorOptions): Redactor {
  const { policyId = 'default', policyVersion = LATEST_VERSION } = options
  const pseudonyms = new Pseudonyms(options.key)
  return redactorOn(compiledPolicy(policyId, policyVersion), policyRefOf(policyId, policyVersion), pseudonyms)
}

function redactorOn(compiled: CompiledPolicy, policy: PolicyRef, pseudonyms: Pseudonyms): Redactor {
  const tokenOf = (rule: string, value: string): string => pseudonyms.tokenFor(rule, value)

  const render = (text: string, spans: readonly Span[]): Redacted<string> => {
    if (spans.length === 0) return { value: text, counts: undefined }
    return { value: renderSpans(text, spans, tokenOf), counts: countsOf(spans) }
  }
  const redactText = (text: string, field = ''): Redacted<string> => render(text, settledInText(compiled, text, field))
  const redactJson = (text: string, field = ''): Redacted<string> => render(text, settledInJson(compiled, text, field))
  const findJoined = (joined: string): Span[] => findInString(compiled, joined, '', 0)
  const redactPieces: StringTools['redactPieces'] = (pieces, place) =>
    redactMatches(
      pieces,
      findInSeries(pieces, compiled.generation.piecesMin, findJoined, compiled.generation.readsLaterChunks === true ? place : ''),
    )
  const redactParts: StringTools['redactPieces'] = (pieces) => redactMatches(pieces, findInParts(pieces, findJoined))
  const redactMatches = (pieces: readonly string[], matches: readonly SeriesMatch[]): ReturnType<StringTools['redactPieces']> => {
    if (matches.length === 0) return undefined
    const spansOf = pieces.map((): Span[] => [])
    for (const { span, parts } of matches) {
      for (const [index, { piece, start, end }] of parts.entries()) {
        spansOf[piece]?.push(index > 0 ? { ...span, quote: '', start, end, isRest: true } : { ...span, start, end })
      }
    }
    return {
      pieces: pieces.map((piece, index) => renderSpans(piece, chooseSpans(spansOf[index] ?? []), tokenOf)),
      counts: countsOf(matches.map(({ span }) => span)),
    }
  }
  const hidesNumbers = (field: string): boolean => compiled.fieldOf(field)?.numbers === true || compiled.numbers?.isNamed(field) === true
  const redactBytes = (bytes: Uint8Array): Redacted<string | Uint8Array> =>
    redactPayloadWith({ compiled, redactText, redactJson, redactValue }, MEDIA_TYPE.bytes, bytes, '')
  const tools = {
    redactText,
    redactJson,
    redactPieces,
    ...(compiled.generation.readsMembers && { redactParts }),
    hidesNumbers,
    readsKeys: compiled.generation.readsKeys,
    ...(compiled.generation.readsBytes && { redactBytes }),
  }
  const redactValue = (value: unknown, field = ''): Redacted<unknown> => redactTree(value, field, tools)
  return {
    policy,
    redactText,
    redactJson,
    redactValue,
    redactPayload: (mediaType, data, field = '') =>
      redactPayloadWith({ compiled, redactText, redactJson, redactValue }, mediaType, data, field),
  }
}

export interface Finding {
  readonly rule: string
  /** In UTF-16 units of the text; `end` is behind the last one. */
  readonly start: number
  readonly end: number
}

/** What `redactText` would replace, in order, without needing a key and without naming the values. */
export function checkText(text: string, policyId: PolicyId = 'default', version: PolicyVersion = LATEST_VERSION): Finding[] {
  return settledInText(compiledPolicy(policyId, version), text, '').map(({ rule, start, end }) => ({ rule, start, end }))
}

export function settledInText(policy: CompiledPolicy, text: string, field: string): readonly Span[] {
  const rule = field === '' ? undefined : policy.fieldOf(field)
  return settle(policy, text, (current, scan) => findInFieldString(policy, current, field, rule, 0, scan))
}

export function settledInJson(policy: CompiledPolicy, text: string, field: string): readonly Span[] {
  const rule = field === '' ? undefined : policy.fieldOf(field)
  return settle(
    policy,
    text,
    (current, scan) => findInJson(policy, current, field, 0, rule, scan) ?? findInFieldString(policy, current, field, rule, 0, scan),
  )
}

/** Scans the text once; after that only what lies about the stretches that have given way to tokens. */
function settle(policy: CompiledPolicy, text: string, find: (text: string, scan: Scan) => readonly Span[]): readonly Span[] {
  let known: AnchorHits | undefined
  const findAgain = (current: string, replaced: readonly Span[]): readonly Span[] =>
    find(current, (automaton, piece) => {
      if (piece !== current) return scanText(automaton, piece)
      if (replaced.length === 0) return (known ??= scanText(automaton, piece))
      if (known === undefined) return scanText(automaton, piece)
      const edits = replaced.map((span) => ({ start: span.start, end: span.end, shown: shownLength(span) }))
      return rescanText(automaton, piece, known, edits)
    })
  return settleSpans(text, findAgain, policy.generation.readsEscapes === true)
}

function countsOf(spans: readonly Span[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rule, isRest } of spans) if (isRest !== true) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}
