import { canonicalJson, MEDIA_TYPE, RepriseError, VALUE_MAX_DEPTH } from '../../schemas/index.ts'
import type { PluggedDetector } from '../plugged.ts'
import { LATEST_VERSION, type PolicyVersion, policyRefOf } from '../policy.ts'
import { type ContentLimits, type Redacted, type Redactor, settledInJson, settledInText } from '../redactor.ts'
import { type CompiledPolicy, compiledPolicy, withPlugged } from '../scanner/compile.ts'
import { chooseSpans, type Span } from '../spans.ts'
import { findInString } from '../structure/find-json.ts'
import { redactPayloadWith } from '../structure/payload.ts'
import { findInParts, findInSeries, type SeriesMatch } from '../structure/series.ts'
import { redactTree } from '../structure/value-walk.ts'
import { Pseudonyms } from '../tokens.ts'
import { type Action, type PolicyConfig, policyConfigRef } from './config.ts'
import { type Decided, Decisions, FIELD_RULE, isReplacement, MASK, type PolicyPlace } from './decisions.ts'
import { Surrogates } from './surrogates.ts'

export interface PolicyRedactorOptions extends PolicyPlace {
  /** As `parsePolicy` gives it, or one of `PRESETS`. */
  readonly policy: PolicyConfig
  readonly key: Uint8Array
  /** Version of the default policy whose detectors are meant; the latest if absent. */
  readonly detectors?: PolicyVersion
  /** Those that the policy names, loaded. */
  readonly plugged?: readonly PluggedDetector[] | undefined
}

type RedactedPieces = { pieces: string[]; counts: Record<string, number> } | undefined

/** What stands for a payload that the policy does not let through. */
const WITHHELD = '[withheld]'
const WITHHELD_RULE = 'withheld'
const NO_KEY = new Uint8Array(32)
const MAX_ROUNDS = 12

/** A redactor that does what a user's policy says of each finding and place. Redacting twice changes nothing, whatever the actions. */
export function createPolicyRedactor(options: PolicyRedactorOptions): Redactor {
  const { policy, detectors = LATEST_VERSION, plugged } = options
  const redactor = policyRedactorOn(withPlugged(compiledPolicy('default', detectors), pluggedOf(policy, plugged)), options)
  const covered = {
    ...redactor,
    policy: policyConfigRef(policy, policyRefOf('default', detectors)),
    policyText: policyText(policy, detectors),
  }
  const kinds = new Set((policy.rules ?? []).flatMap((rule) => rule.kind ?? []))
  if (kinds.size === 0 || options.kind !== undefined) return covered
  const known = new Map<string, Redactor>()
  const ofKind = (kind: string): Redactor => {
    if (!kinds.has(kind)) return covered
    let own = known.get(kind)
    if (own === undefined) known.set(kind, (own = createPolicyRedactor({ ...options, kind })))
    return own
  }
  return { ...covered, ofKind }
}

/** Throws `RepriseError('policy_unknown')` where the policy names one that is not there: without it nothing would be told of what it is for. */
export function pluggedOf(policy: PolicyConfig, plugged: readonly PluggedDetector[] = []): readonly PluggedDetector[] {
  return (policy.detectors ?? []).map(({ name }) => {
    const found = plugged.find((detector) => detector.name === name)
    if (found === undefined)
      throw new RepriseError('policy_unknown', `redaction policy ${policy.id}: its detector ${name} is not loaded here`)
    return found
  })
}

/** What a policy's digest covers: the policy, and the detectors that it was made for. */
export function policyText(policy: PolicyConfig, detectors: PolicyVersion = LATEST_VERSION): string {
  return canonicalJson({ policy, detectors: policyRefOf('default', detectors) })
}

function policyRedactorOn(compiled: CompiledPolicy, options: PolicyRedactorOptions): Omit<Redactor, 'policy'> {
  const { policy, key } = options
  const decisions = new Decisions(policy, options)
  const pseudonyms = new Pseudonyms(key)
  const unkeyed = new Pseudonyms(NO_KEY)
  const surrogates = new Surrogates(key)
  const looksAtAll = decisions.hasPlaces || compiled.plugged !== undefined

  const replacementOf = (rule: string, value: string, action: Action): string => {
    switch (action) {
      case 'mask':
        return MASK
      case 'drop':
        return ''
      case 'hash':
        return unkeyed.tokenFor(rule, value)
      case 'surrogate':
        return surrogates.surrogateFor(rule, value) ?? pseudonyms.tokenFor(rule, value)
      case 'token':
      case 'keep':
        return pseudonyms.tokenFor(rule, value)
    }
  }
  const render = (text: string, spans: readonly Decided[]): string => {
    let rendered = ''
    let from = 0
    for (const span of spans) {
      rendered += text.slice(from, span.start)
      if (span.isRest !== true) rendered += span.quote + replacementOf(span.rule, span.value, span.action) + span.quote
      from = span.end
    }
    return rendered + text.slice(from)
  }
  /** Again until nothing is found: what a mask or a gap leaves behind may look like something else. */
  const settle = (text: string, find: (text: string) => readonly Decided[]): Redacted<string> => {
    const counts: Record<string, number> = {}
    let value = text
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const spans = find(value)
      if (spans.length === 0) return { value, counts: value === text ? undefined : counts }
      for (const { rule, isRest } of spans) if (isRest !== true) counts[rule] = (counts[rule] ?? 0) + 1
      value = render(value, spans)
    }
    throw new RepriseError('redaction_failed', 'redaction: the text keeps changing')
  }
  const redactText = (text: string, field = ''): Redacted<string> =>
    settle(text, (current) => decisions.inText(current, field, settledInText(compiled, current, field)))
  const redactJson = (text: string, field = ''): Redacted<string> =>
    settle(text, (current) => decisions.inJson(current, field, settledInJson(compiled, current, field)))

  const findJoined = (joined: string): Span[] => findInString(compiled, joined, '', 0)
  const redactPieces = (pieces: readonly string[], place = ''): RedactedPieces =>
    redactMatches(
      pieces,
      findInSeries(pieces, compiled.generation.piecesMin, findJoined, compiled.generation.readsLaterChunks === true ? place : ''),
    )
  const redactParts = (pieces: readonly string[]): RedactedPieces => redactMatches(pieces, findInParts(pieces, findJoined))
  const redactMatches = (pieces: readonly string[], matches: readonly SeriesMatch[]): RedactedPieces => {
    const counts: Record<string, number> = {}
    const spansOf = pieces.map((): Decided[] => [])
    for (const { span, parts } of matches) {
      const ruling = decisions.rulingFor(span.rule, '')
      if (ruling.action === 'keep') continue
      counts[span.rule] = (counts[span.rule] ?? 0) + 1
      for (const [index, { piece, start, end }] of parts.entries()) {
        const part: Span = index > 0 ? { ...span, quote: '', start, end, isRest: true } : { ...span, start, end }
        spansOf[piece]?.push({ ...part, action: ruling.action, ruling })
      }
    }
    if (Object.keys(counts).length === 0) return undefined
    return { pieces: pieces.map((piece, index) => render(piece, chooseSpans(spansOf[index] ?? []))), counts }
  }
  const hidesNumbers = (field: string): boolean => {
    const rule = compiled.fieldOf(field)
    if (rule?.numbers === true && decisions.actionFor(rule.rule, field) !== 'keep') return true
    return compiled.numbers?.isNamed(field) === true
  }

  /** Places of a value: plain objects and lists, whose strings and numbers have a path. */
  const atPlaces = (value: unknown, field: string, path: readonly string[], counts: Record<string, number>): unknown => {
    if (path.length > VALUE_MAX_DEPTH) throw new RepriseError('redaction_failed', `redaction: nested deeper than ${VALUE_MAX_DEPTH} levels`)
    if (Array.isArray(value)) return value.map((held: unknown, index) => atPlaces(held, field, [...path, String(index)], counts))
    if (typeof value === 'object' && value !== null) {
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype === null || prototype === Object.prototype)
        return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, atPlaces(held, field, [...path, name], counts)]))
      return decisions.isAllowlist && decisions.actionAt(field, path) !== 'keep' ? MASK : value
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return value
    // A value by itself under a name is an attribute, of which an allowlist keeps the numbers.
    const action = decisions.actionAt(field, path.length === 0 && field !== '' ? undefined : path)
    if (action === undefined || action === 'keep' || (typeof value === 'string' && isReplacement(value))) return value
    counts[FIELD_RULE] = (counts[FIELD_RULE] ?? 0) + 1
    return replacementOf(FIELD_RULE, String(value), action)
  }
  const redactValue = (value: unknown, field = ''): Redacted<unknown> => {
    const redactBytes = (bytes: Uint8Array): Redacted<string | Uint8Array> =>
      redactPayloadWith({ compiled, redactText, redactJson, redactValue, looksAtAll }, MEDIA_TYPE.bytes, bytes, '')
    const texts = {
      redactText: (text: string, name: string) => redactText(text, name),
      redactJson,
      redactPieces,
      hidesNumbers,
      ...(compiled.generation.readsMembers && { redactParts }),
    }
    const tools = { ...texts, readsKeys: compiled.generation.readsKeys, ...(compiled.generation.readsBytes && { redactBytes }) }
    if (!decisions.hasPlaces && !decisions.isAllowlist) return redactTree(value, field, tools)
    const counts: Record<string, number> = {}
    const placed = atPlaces(value, field, [], counts)
    const redacted = redactTree(placed, field, tools)
    for (const [rule, count] of Object.entries(redacted.counts ?? {})) counts[rule] = (counts[rule] ?? 0) + count
    const left = redacted.unscanned === undefined ? undefined : { unscanned: redacted.unscanned }
    return Object.keys(counts).length === 0 ? { value, counts: undefined, ...left } : { value: redacted.value, counts, ...left }
  }
  const limits = limitsOf(policy, decisions)
  const redactPayload: Redactor['redactPayload'] = (mediaType, data, field = '') => {
    if (limits !== undefined && !limits.keepsPayload(mediaType) && !limits.keepsAttribute(field)) return withhold(data, mediaType)
    return redactPayloadWith(
      { compiled, redactText, redactJson, redactValue, looksAtAll: looksAtAll || decisions.isAllowlist },
      mediaType,
      data,
      field,
    )
  }
  return { redactText, redactJson, redactValue, redactPayload, ...(limits !== undefined && { limits }) }
}

const JSON_TYPE = /^(?:application|text)\/json(?:;|$)|\+json(?:;|$)/i
const MSGPACK_TYPE = /msgpack/i

function limitsOf({ mode }: PolicyConfig, decisions: Decisions): ContentLimits | undefined {
  if (mode === undefined || mode === 'content') return undefined
  const isLookedThrough = (mediaType: string): boolean => JSON_TYPE.test(mediaType) || MSGPACK_TYPE.test(mediaType)
  return {
    keepsPayload: (mediaType) => mode === 'allowlist' && isLookedThrough(mediaType),
    keepsAttribute: (name) => name !== '' && decisions.actionAt(name) === 'keep',
  }
}

/** As MessagePack a string of fewer than 32 bytes: its length, then its bytes. */
const WITHHELD_MSGPACK = String.fromCharCode(0xa0 + WITHHELD.length) + WITHHELD

function withhold(data: string | Uint8Array, mediaType: string): Redacted<string | Uint8Array> {
  const text = MSGPACK_TYPE.test(mediaType) ? WITHHELD_MSGPACK : JSON_TYPE.test(mediaType) ? JSON.stringify(WITHHELD) : WITHHELD
  const before = typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1')
  if (before === text) return { value: data, counts: undefined }
  return { value: typeof data === 'string' ? text : Buffer.from(text, 'latin1'), counts: { [WITHHELD_RULE]: 1 } }
}
