import { isPrivateMember, PRIVATE_MEMBERS } from '../detectors/jwk.ts'
import type { Evidence } from '../explain/trace.ts'
import type { FieldRuleData } from '../rule.ts'
import type { CompiledPolicy } from '../scanner/compile.ts'
import { findAtHits, SHORTEST_MATCH } from '../scanner/find-text.ts'
import { type AnchorHits, type Scan, scanText } from '../scanner/scan.ts'
import { chooseSpans, type Span, spansBeside } from '../spans.ts'
import type { Stretch } from '../text-view.ts'
import { isSecretOfField, isSecretOfPair } from './fields.ts'
import { findInEncoded } from './find-encoded.ts'
import { listOfLines, looksLikeLines } from './json-lines.ts'
import { escapeJson, rawOffsets, unescapeJson } from './json-strings.ts'
import { type JsonToken, walkJson } from './json-walk.ts'
import { collectParts, collectSeries, findInParts, findInSeries, looksLikeChunks, looksLikeParts, type SeriesMatch } from './series.ts'

/** JSON inside JSON strings is followed this many levels down; below that it is plain text. */
const MAX_NESTING = 3
/** Fewer lines are no stream. */
const PIECES_OF_LINES = 2
const LINE_LEAD = /(?:data:)?[ \t]{0,64}/y
const CARD_RULE = 'payment-card'
/** As JSON has a number that names somebody: no fraction, and as many digits as such have. */
const IDENTIFIER = /^[1-9][0-9]{6,17}$/
/** Members by which header lists name and give a header: `{ "name": "Cookie", "value": "…" }`. */
const NAME_MEMBERS: ReadonlySet<string> = new Set(['name', 'key', 'header', 'field'])
/** What a JSON Web Key's private members go under. */
const KEY_FIELD: FieldRuleData = { rule: 'private-key', value: 'any' }
/** What stands beside a `username`, as in kaggle.json. */
const USER_KEY_FIELD: FieldRuleData = { rule: 'credential', value: 'token' }
const VALUE_MEMBERS: ReadonlySet<string> = new Set(['value', 'val'])
/** The same as version 4 knows them. */
const MORE_NAME_MEMBERS: ReadonlySet<string> = new Set([...NAME_MEMBERS, 'ParameterKey', 'OptionName', 'Name', 'Key', 'variable'])
const MORE_VALUE_MEMBERS: ReadonlySet<string> = new Set([...VALUE_MEMBERS, 'ParameterValue', 'Value'])
/** Members that say what stands in a member beside them: `{ "label": "IMEI", "value": "…" }`. Since version 4. */
const LABEL_MEMBERS: ReadonlySet<string> = new Set([...MORE_NAME_MEMBERS, 'label', 'title', 'type', 'question', 'attribute', 'caption'])
const LABELLED_MEMBERS: ReadonlySet<string> = new Set([...MORE_VALUE_MEMBERS, 'answer', 'number'])
const LABEL_MAX = 64

/**
 * What is found in a JSON text, in offsets of that text; undefined where it is not valid JSON. `rule` is that of the field
 * which holds the JSON value, where that value, not its text, is what the field is about.
 */
export function findInJson(
  policy: CompiledPolicy,
  text: string,
  field: string,
  nesting: number,
  rule?: FieldRuleData,
  scan?: Scan,
): Span[] | undefined {
  // One object a line is no JSON, whether or not there is a reason to read it to its end.
  if (policy.generation.readsParts && looksLikeLines(text)) return undefined
  const hits = text.length < SHORTEST_MATCH ? [] : (scan ?? scanText)(policy.automaton, text)
  const series = nesting < MAX_NESTING ? findCut(policy, text, nesting) : []
  if (hits.length === 0 && rule === undefined && policy.plugged === undefined) return series
  const finder = new JsonFinder(policy, text, newContainer(field, rule), nesting, hits, scan ?? scanText)
  if (!walkJson(text, finder) || !finder.isValid) return undefined
  const spans = chooseSpans(finder.spans)
  // What the whole text says goes before what a piece of it looks like.
  return series.length === 0 ? spans : chooseSpans([...series, ...spansBeside(spans, series)])
}

/** Whether a text that has no anchor anywhere holds one that is cut in pieces: `bob`, `@exam`, `ple.com`. */
export const hasCutMatch = (policy: CompiledPolicy, text: string): boolean =>
  findCut(policy, text, 0).length > 0 || findCutInLines(policy, text, 0).length > 0

/** What is found in the texts that the elements of a list make together. */
function findCut(policy: CompiledPolicy, text: string, nesting: number): Span[] {
  const { readsSpaced, readsParts, piecesMin, readsLaterChunks: readsLater = false } = policy.generation
  const find = (joined: string): Span[] => findInString(policy, joined, '', nesting + 1)
  const chunks = looksLikeChunks(text, readsSpaced, readsLater)
    ? collectSeries(text).flatMap(({ place, tokens, pieces }) =>
        inPieces(text, tokens, findInSeries(pieces, piecesMin, find, readsLater ? place : '')),
      )
    : []
  const parts =
    readsParts && looksLikeParts(text)
      ? collectParts(text).flatMap(({ tokens, pieces }) => inPieces(text, tokens, findInParts(pieces, find)))
      : []
  const inOrder = (spans: Span[]): Span[] => spans.sort((a, b) => a.start - b.start)
  return parts.length === 0 ? inOrder(chunks) : inOrder([...chunks, ...spansBeside(inOrder(parts), inOrder(chunks))])
}

/** The same where each chunk is a line of its own, as in event streams and NDJSON. */
function findCutInLines(policy: CompiledPolicy, text: string, nesting: number): Span[] {
  if (!policy.generation.readsParts || nesting >= MAX_NESTING || !looksLikeLines(text)) return []
  const { list, toText } = listOfLines(text)
  if (list === undefined) return []
  const find = (joined: string): Span[] => findInString(policy, joined, '', nesting + 1)
  return collectSeries(list)
    .flatMap(({ place, tokens, pieces }) =>
      inPieces(list, tokens, findInSeries(pieces, PIECES_OF_LINES, find, policy.generation.readsLaterChunks === true ? place : '')),
    )
    .map((span) => ({ ...span, start: toText(span.start), end: toText(span.end) }))
    .sort((a, b) => a.start - b.start)
}

/** Matches over pieces as stretches of the JSON text that has them. */
function inPieces(text: string, tokens: readonly JsonToken[], matches: readonly SeriesMatch[]): Span[] {
  const spans: Span[] = []
  for (const { span, parts } of matches) {
    for (const [index, part] of parts.entries()) {
      const token = tokens[part.piece] as JsonToken
      const [start = 0, end = 0] = rawOffsets(text.slice(token.start, token.end), [part.start, part.end])
      const rest = index > 0 ? { isRest: true as const, quote: '' } : { quote: escapeJson(span.quote) }
      spans.push({ ...span, ...rest, start: token.start + start, end: token.start + end })
    }
  }
  return spans
}

/** A string anywhere: as JSON where it is a JSON object or list, else as text. Offsets of the string. */
export function findInString(policy: CompiledPolicy, text: string, field: string, nesting: number, scan: Scan = scanText): Span[] {
  if (nesting < MAX_NESTING && (looksLikeJson(text) || (policy.generation.readsEscapes === true && looksLikeString(text)))) {
    const spans = findInJson(policy, text, field, nesting + 1, undefined, scan)
    if (spans !== undefined) return spans
  }
  const plugged = policy.plugged?.(text, field) ?? []
  const byRules = text.length < SHORTEST_MATCH ? [] : findByRules(policy, text, field, nesting, scan)
  const cut = findCutInLines(policy, text, nesting)
  const found = cut.length === 0 ? byRules : chooseSpans([...cut, ...spansBeside(chooseSpans(byRules), cut)])
  return plugged.length === 0 ? found : chooseSpans([...found, ...plugged])
}

function findByRules(policy: CompiledPolicy, text: string, field: string, nesting: number, scan: Scan): Span[] {
  const hits = scan(policy.automaton, text)
  if (hits.length === 0) return []
  if (nesting >= MAX_NESTING) return findAtHits(policy, text, field, hits)
  const lines: Stretch[] = []
  const inLines = findInJsonLines(policy, text, nesting, hits, lines)
  const inEncoded = findInEncoded(policy, text, hits, (decoded) => findInString(policy, decoded, '', nesting + 1))
  if (policy.generation.readsEscapes === true) {
    // What is JSON by itself has been read as such.
    const spans = findAtHits(policy, text, field, hits, lines)
    const beside = lines.length === 0 ? spans : spansBeside(spans, lines)
    return inLines.length === 0 && inEncoded.length === 0 ? beside : chooseSpans([...beside, ...inLines, ...inEncoded])
  }
  const spans = findAtHits(policy, text, field, hits)
  return inLines.length === 0 && inEncoded.length === 0 ? spans : chooseSpans([...spans, ...inLines, ...inEncoded])
}

/** Lines that are JSON by themselves: NDJSON, the `data:` lines of an event stream. `read` gets them. */
function findInJsonLines(policy: CompiledPolicy, text: string, nesting: number, hits: AnchorHits, read: Stretch[]): Span[] {
  const spans: Span[] = []
  let lineEnd = -1
  for (let hit = 0; hit < hits.length; hit += 2) {
    const at = hits[hit] as number
    if (at <= lineEnd) continue
    const lineStart = text.lastIndexOf('\n', at - 1) + 1
    lineEnd = text.indexOf('\n', at)
    if (lineEnd < 0) lineEnd = text.length
    LINE_LEAD.lastIndex = lineStart
    LINE_LEAD.test(text)
    const start = LINE_LEAD.lastIndex
    const opening = text.charCodeAt(start)
    if ((opening !== 0x7b && opening !== 0x5b) || (start === 0 && lineEnd === text.length)) continue
    const line = text.slice(start, lineEnd)
    if (!looksLikeJson(line)) continue
    const found = findInJson(policy, line, '', nesting + 1)
    if (found === undefined) continue
    read.push({ start, end: lineEnd })
    for (const span of found) spans.push({ ...span, start: span.start + start, end: span.end + start })
  }
  return spans
}

/** By its first and last character, blanks and a byte order mark aside. */
export function looksLikeJson(text: string): boolean {
  let first = text.charCodeAt(0) === 0xfeff ? 1 : 0
  while (isJsonSpace(text.charCodeAt(first))) first++
  const opening = text.charCodeAt(first)
  if (opening !== 0x7b && opening !== 0x5b) return false
  let last = text.length - 1
  while (isJsonSpace(text.charCodeAt(last))) last--
  // `}` and `]` stand two behind `{` and `[`.
  return text.charCodeAt(last) === opening + 2
}

/** A JSON string by itself. */
const looksLikeString = (text: string): boolean =>
  text.startsWith('"') && text.endsWith('"') && (text.includes('\\') || text.indexOf('"', 1) === text.length - 1)

const isJsonSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** What the policy makes of a string that stands in a field: its parts, or the whole of it because of the field. */
export function findInFieldString(
  policy: CompiledPolicy,
  text: string,
  field: string,
  rule: FieldRuleData | undefined,
  nesting: number,
  scan?: Scan,
): Span[] {
  const spans = findInString(policy, text, field, nesting, scan)
  if (rule === undefined || !isSecretOfField(rule, text, policy.generation)) return spans
  return [wholeSpan(policy, text, rule, spans)]
}

/** The whole text as one match, under the name of a rule that knows its format where one covers it all. */
function wholeSpan(policy: CompiledPolicy, text: string, rule: FieldRuleData, spans: readonly Span[]): Span {
  const known = spans.length === 1 && spans[0]?.start === 0 && spans[0].end === text.length ? spans[0] : undefined
  return known ?? { start: 0, end: text.length, rule: rule.rule, rank: policy.fieldRank, value: text, quote: '' }
}

interface Container {
  /** The object's current member, or the name of the field that holds the list. */
  field: string
  rule: FieldRuleData | undefined
  /** Of `{ name, value }` objects. */
  namedRule: FieldRuleData | undefined
  valueToken: JsonToken | undefined
  /** What says in a member what the value is. */
  labelToken: JsonToken | undefined
  /** Of lists: what the element before this one names, if it is a string. */
  previousRule: FieldRuleData | undefined
  /** Members that are private where the object is a JSON Web Key, and whether it is one. */
  privateTokens: JsonToken[] | undefined
  isKey: boolean
  /** Has a member `username`. */
  hasUser: boolean
}

/** Receives the tokens of one JSON text in order and collects the spans. */
class JsonFinder {
  readonly spans: Span[] = []
  /** False once a string was met whose escapes are not JSON's. */
  isValid = true
  readonly #policy: CompiledPolicy
  readonly #text: string
  readonly #nesting: number
  readonly #hits: AnchorHits
  readonly #open: Container[] = []
  readonly #root: Container
  readonly #scan: Scan
  #nextHit = 0

  constructor(policy: CompiledPolicy, text: string, root: Container, nesting: number, hits: AnchorHits, scan: Scan) {
    this.#scan = scan
    this.#policy = policy
    this.#text = text
    this.#nesting = nesting
    this.#hits = hits
    this.#root = root
  }

  open(isList: boolean): void {
    const parent = this.#current()
    parent.previousRule = undefined
    this.#open.push(isList ? newContainer(parent.field, parent.rule) : newContainer('', undefined))
  }

  close(): void {
    const closed = this.#open.pop()
    if (closed?.isKey === true) for (const token of closed.privateTokens ?? []) this.#addWhole(token, KEY_FIELD)
    if (closed?.namedRule !== undefined && closed.valueToken !== undefined) this.#addWhole(closed.valueToken, closed.namedRule)
  }

  key(token: JsonToken): void {
    const container = this.#current()
    const name = this.#valueOf(token)
    if (this.#hasHit(token)) this.#addInside(token, name, findInString(this.#policy, name, '', this.#nesting, this.#scanOf(token, name)))
    container.field = name
    container.rule = this.#policy.fieldOf(name)
  }

  string(token: JsonToken, isInList: boolean): void {
    const container = this.#current()
    const { rule } = container
    const paired = isInList ? container.previousRule : undefined
    if (this.#hasHit(token) || rule !== undefined || this.#policy.plugged !== undefined) {
      const value = this.#valueOf(token)
      const scan = this.#scanOf(token, value)
      this.#addInside(token, value, findInFieldString(this.#policy, value, this.#nameOf(container, isInList), rule, this.#nesting, scan))
    }
    if (paired !== undefined && isSecretOfPair(paired, this.#valueOf(token), this.#policy.generation)) this.#addWhole(token, paired)
    if (this.#policy.generation.readsKeys && !isInList) this.#noteKey(container, token)
    if (isInList) container.previousRule = this.#ruleNamedBy(token)
    else if (this.#policy.generation.readsMembers === true) this.#noteMember(container, token)
    else if (NAME_MEMBERS.has(container.field)) container.namedRule = this.#ruleNamedBy(token)
    else if (VALUE_MEMBERS.has(container.field)) container.valueToken = token
  }

  number(token: JsonToken): void {
    const container = this.#current()
    container.previousRule = undefined
    const digits = this.#text.slice(token.start, token.end)
    const { rule } = container
    if (rule?.numbers === true && isSecretOfField(rule, digits, this.#policy.generation))
      this.#addNumber(token, rule.rule, this.#policy.fieldRank)
    else if (digits.length >= 13 && this.#policy.generation.isCardNumber(digits, container.field))
      this.#addNumber(token, CARD_RULE, 0, { proof: CARD_RULE })
    else if (IDENTIFIER.test(digits)) this.#addIdentifier(token, digits, this.#nameOf(container, false))
  }

  /** A number that is somebody's, as its name and its check digits say. */
  #addIdentifier(token: JsonToken, digits: string, name: string): void {
    const { numbers } = this.#policy
    if (numbers?.isNamed(name) !== true) return
    const [span] = findInString(this.#policy, digits, name, this.#nesting)
    if (span?.end !== digits.length || span.start !== 0 || !numbers.rules.has(span.rule)) return
    this.#addNumber(token, span.rule, span.rank, span.evidence)
  }

  /** Name of the current member, with what a member beside it says that it is. */
  #nameOf({ field, labelToken }: Container, isInList: boolean): string {
    return labelToken === undefined || isInList || !LABELLED_MEMBERS.has(field) ? field : `${this.#valueOf(labelToken)} ${field}`
  }

  /** `{ ParameterKey, ParameterValue }`, and `{ value }` under a name that says that it is secret. */
  #noteMember(container: Container, token: JsonToken): void {
    if (LABEL_MEMBERS.has(container.field) && token.end - token.start <= LABEL_MAX) container.labelToken ??= token
    if (container.field === 'key' && container.hasUser && /^[A-Za-z0-9_-]{16,256}$/.test(this.#valueOf(token)))
      this.#addWhole(token, USER_KEY_FIELD)
    else if (MORE_NAME_MEMBERS.has(container.field)) container.namedRule = this.#ruleNamedBy(token)
    else if (MORE_VALUE_MEMBERS.has(container.field)) {
      container.valueToken = token
      container.namedRule ??= this.#open.at(-2)?.rule
    } else if (container.field === 'username') container.hasUser = true
  }

  #noteKey(container: Container, token: JsonToken): void {
    if (container.field === 'kty') container.isKey = true
    else if (PRIVATE_MEMBERS.has(container.field) && isPrivateMember(container.field, this.#valueOf(token)))
      (container.privateTokens ??= []).push(token)
  }

  #current(): Container {
    return this.#open.at(-1) ?? this.#root
  }

  #valueOf(token: JsonToken): string {
    const value = unescapeJson(this.#text.slice(token.start, token.end))
    if (value === undefined) this.isValid = false
    return value ?? ''
  }

  #ruleNamedBy(token: JsonToken): FieldRuleData | undefined {
    return token.end - token.start > 64 ? undefined : this.#policy.fieldOf(this.#valueOf(token))
  }

  /** Whether an anchor ends inside the token. Tokens come in order. */
  #hasHit(token: JsonToken): boolean {
    while (this.#nextHit < this.#hits.length && (this.#hits[this.#nextHit] as number) <= token.start) this.#nextHit += 2
    return this.#nextHit < this.#hits.length && (this.#hits[this.#nextHit] as number) <= token.end
  }

  /**
   * What is known of a string is not looked for again: without escapes its value is what stands in the text, and a quote ends a word as
   * the beginning of a text does. Anchors that begin before it are passed over by who reads these. Valid while the token is the current one.
   */
  #scanOf({ start, end }: JsonToken, value: string): Scan {
    if (value.length !== end - start) return this.#scan
    return (automaton, piece) => {
      if (piece !== value) return this.#scan(automaton, piece)
      const inside: number[] = []
      for (let hit = this.#nextHit; hit < this.#hits.length && (this.#hits[hit] as number) <= end; hit += 2)
        inside.push((this.#hits[hit] as number) - start, this.#hits[hit + 1] as number)
      return inside
    }
  }

  #addInside(token: JsonToken, value: string, inner: readonly Span[]): void {
    if (inner.length === 0) return
    const raw = this.#text.slice(token.start, token.end)
    const offsets = rawOffsets(
      raw,
      inner.flatMap((span) => [span.start, span.end]),
    )
    for (const [index, span] of inner.entries()) {
      const start = token.start + (offsets[index * 2] ?? 0)
      const end = token.start + (offsets[index * 2 + 1] ?? value.length)
      this.spans.push({ ...span, start, end, quote: escapeJson(span.quote) })
    }
  }

  #addWhole(token: JsonToken, rule: FieldRuleData): void {
    const value = this.#valueOf(token)
    if (!isSecretOfField(rule, value, this.#policy.generation)) return
    this.#addInside(token, value, [wholeSpan(this.#policy, value, rule, findInString(this.#policy, value, '', this.#nesting))])
  }

  #addNumber(token: JsonToken, rule: string, rank: number, evidence?: Evidence): void {
    const value = this.#text.slice(token.start, token.end)
    this.spans.push({ ...token, rule, rank, value, quote: '"', ...(evidence !== undefined && { evidence }) })
  }
}

function newContainer(field: string, rule: FieldRuleData | undefined): Container {
  return {
    field,
    rule,
    namedRule: undefined,
    valueToken: undefined,
    labelToken: undefined,
    previousRule: undefined,
    privateTokens: undefined,
    isKey: false,
    hasUser: false,
  }
}
