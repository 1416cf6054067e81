import { isUtf8 } from 'node:buffer'
import { isContentAttribute, isMetadataAttribute } from '../../adapters/dialects/index.ts'
import { isWireText, textOf, type WireAttribute, type WireText, type WireValue } from '../../otlp/index.ts'
import type { ContentLimits, Redacted, Redactor } from '../../redaction/index.ts'
import { ATTRIBUTE_INLINE_MAX_BYTES, MEDIA_TYPE } from '../../schemas/index.ts'
import { AttributeSeams } from './attribute-seams.ts'
import { type AttributeShape, AttributeShapes, sortByKey } from './attribute-shapes.ts'
import { inOnePiece, jsonOfBytes, jsonOfDouble, jsonOfInt, jsonOfText, LoneSurrogate } from './canonical-text.ts'
import { type Findings, mergeCounts, newFindings } from './findings.ts'
import { type KnownKey, REMEMBERED_LENGTH, remember, roleOf } from './known-key.ts'
import type { DraftPayload } from './normalize.ts'
import { fitsInline, isScalar, lastOfEach, looksLikeJson, rawOf } from './wire-shape.ts'

export { type CleanContent, type Findings, mergeCounts, newFindings } from './findings.ts'

const WITHHELD_REASON = 'redactor_failed'
/** The policy keeps no such content. */
const LIMITED_REASON = 'policy'
const WITHHELD_MARK = '<withheld:redactor_failed>'
const MAX_KNOWN_KEYS = 2_048
const SHARED_MAX_LENGTH = 8_192
const SHARED_MAX_PAYLOADS = 16
/** Below it no number is that of a card, which has twelve digits at the least, nor one of somebody with check digits, which has seven. */
const SECRET_NUMBER_MIN = 1e6

/** Thrown inside, caught where the value stands: that content is then withheld as a whole. */
class RedactorFailed extends Error {}

/**
 * Passes every string of a span through the redactor, fail-closed: where the redactor throws, a marker stands in the
 * record, the raw text goes nowhere, and the payload entry says why.
 */
export class Cleaner {
  readonly #redactor: Redactor
  readonly #keys = new Map<string, KnownKey>()
  readonly #shapes = new AttributeShapes<KnownKey>()
  readonly #seams: AttributeSeams
  /** Names that were found clean. */
  readonly #cleanNames = new Set<string>()
  readonly #limits: ContentLimits | undefined
  readonly #ofKind = new Map<string, Cleaner>()

  readonly #keepsRaw: boolean

  /** `keepsRaw`: what is withheld goes along as it was, for a quarantine. */
  constructor(redactor: Redactor, keepsRaw: boolean = false) {
    this.#redactor = redactor
    this.#seams = new AttributeSeams(redactor)
    this.#keepsRaw = keepsRaw
    this.#limits = redactor.limits
  }

  /** The cleaner for one kind of steps: itself, unless the policy has rules that are confined to kinds. */
  ofKind(kind: string): Cleaner {
    if (this.#redactor.ofKind === undefined) return this
    let own = this.#ofKind.get(kind)
    if (own === undefined) this.#ofKind.set(kind, (own = new Cleaner(this.#redactor.ofKind(kind), this.#keepsRaw)))
    return own
  }

  /** A text that the record must have; too long for the record, it becomes a payload and a marker stands in its place. */
  name(text: string, role: string, found: Findings): string {
    return this.#line(text, role, found) ?? `<payload:${role}>`
  }

  /** A text that may be absent: undefined when it is empty or became a payload. */
  optionalText(text: string, role: string, found: Findings): string | undefined {
    return text === '' ? undefined : this.#line(text, role, found)
  }

  /** As `optionalText`, for what somebody wrote. */
  message(text: string, role: string, found: Findings): string | undefined {
    if (text === '' || this.#limits === undefined) return this.optionalText(text, role, found)
    withhold(role, MEDIA_TYPE.text, found)
    return undefined
  }

  /** A short text of a cut or a gap, which has no place for a payload. */
  plain(text: string, found: Findings): string {
    try {
      const clean = this.#text(text, found)
      return clean.length <= ATTRIBUTE_INLINE_MAX_BYTES ? clean : `${clean.slice(0, ATTRIBUTE_INLINE_MAX_BYTES).toWellFormed()}…`
    } catch (error) {
      if (error instanceof RedactorFailed) return WITHHELD_MARK
      throw error
    }
  }

  payload(draft: DraftPayload, found: Findings): void {
    const { role, data } = draft
    const bytes = typeof data === 'object' && 'bytes' in data
    const mediaType = draft.mediaType ?? (bytes ? MEDIA_TYPE.bytes : MEDIA_TYPE.json)
    if (this.#limits?.keepsPayload(mediaType) === false) withhold(role, mediaType, found)
    else this.#content(role, mediaType, typeof data === 'string' ? data : bytes ? data.bytes : data.utf8, '', found)
  }

  /** A value that is content wherever it stands, and never part of the record. */
  content(role: string, value: WireValue, found: Findings): void {
    if (value === null) return
    if (this.#limits !== undefined) return this.#limitedContent(role, value, '', found)
    if (typeof value === 'string' || isWireText(value)) {
      const raw = typeof value === 'string' ? value : value.utf8
      this.#content(role, MEDIA_TYPE.text, raw, '', found, looksLikeJson(raw) ? MEDIA_TYPE.json : MEDIA_TYPE.text)
      return
    }
    const before = found.redactions
    try {
      found.contents.push({ role, mediaType: MEDIA_TYPE.attribute, data: this.#json(value, '', found) })
    } catch (error) {
      if (!(error instanceof RedactorFailed)) throw error
      found.redactions = before
      this.#fail(role, MEDIA_TYPE.attribute, found, value)
    }
  }

  /** Canonical JSON of the attributes that stay in the record. `pointer` names the object they stand in. */
  attributes(given: readonly WireAttribute[], pointer: string, found: Findings): string {
    if (given.length === 0) return '{}'
    const list = this.#limits === undefined ? this.#seams.clean(given, found) : given
    const shape = this.#shapes.find(list)
    return shape === undefined ? this.#unordered(list, pointer, found) : this.#ordered(list, shape, pointer, found)
  }

  /** Keys whose order is known, each clean and there once. */
  #ordered(list: readonly WireAttribute[], { known, order }: AttributeShape<KnownKey>, pointer: string, found: Findings): string {
    const members: (string | undefined)[] = []
    for (let index = 0; index < known.length; index++) members.push(this.#value(list[index]![1], pointer, known[index]!, found))
    let object = '{'
    for (const index of order) {
      const json = members[index]
      if (json !== undefined) object += (object.length > 1 ? known[index]!.separated : known[index]!.prefix) + json
    }
    return `${object}}`
  }

  #unordered(list: readonly WireAttribute[], pointer: string, found: Findings): string {
    const unique = lastOfEach(list, pointer, found)
    const entries: { key: string; member: string }[] = []
    const all: KnownKey[] = []
    let taken: Set<string> | undefined
    for (let index = 0; index < unique.length; index++) {
      const [rawKey, value] = unique[index]!
      const known = this.#keys.get(rawKey) ?? this.#key(rawKey, index, found)
      const { key } = known
      if (key !== rawKey) taken ??= new Set(unique.slice(0, index).map(([earlier]) => earlier))
      if (taken !== undefined) {
        // Two keys can become one when they are cleaned, if a sender wants it so.
        if (taken.has(key)) {
          found.cuts.push({ what: pointer, reason: 'repeated_key', count: 1 })
          continue
        }
        taken.add(key)
      }
      const json = this.#value(value, pointer, known, found)
      if (json !== undefined) entries.push({ key, member: `${known.prefix}${json}` })
      all.push(known)
    }
    if (taken === undefined && unique === list) {
      this.#shapes.add(
        list.map(([key]) => key),
        all,
      )
    }
    sortByKey(entries)
    let object = '{'
    for (const { member } of entries) object += object.length > 1 ? `,${member}` : member
    return `${object}}`
  }

  /**
   * As `attributes`, for an object that stands in the record of every span beneath it: a large one, repeated so often,
   * would make a small request a huge tape. It becomes one payload, all but what names the service.
   */
  sharedAttributes(list: readonly WireAttribute[], pointer: string, found: Findings): string {
    const tried = newFindings()
    const json = this.attributes(list, pointer, tried)
    if (json.length <= SHARED_MAX_LENGTH && tried.contents.length <= SHARED_MAX_PAYLOADS) {
      found.redactions = mergeCounts(found.redactions, tried.redactions)
      found.contents.push(...tried.contents)
      found.cuts.push(...tried.cuts)
      return json
    }
    const naming = list.filter(([key, value]) => key.startsWith('service.') && typeof value === 'string').slice(0, SHARED_MAX_PAYLOADS)
    const rest = { kvlist: list.filter((attribute) => !naming.includes(attribute)) }
    if (this.#limits !== undefined) {
      withhold(pointer, MEDIA_TYPE.attribute, found)
      return this.attributes(naming, pointer, found)
    }
    try {
      found.contents.push({ role: pointer, mediaType: MEDIA_TYPE.attribute, data: this.#json(rest, '', found) })
    } catch (error) {
      if (!(error instanceof RedactorFailed)) throw error
      this.#fail(pointer, MEDIA_TYPE.attribute, found, rest)
    }
    return this.attributes(naming, pointer, found)
  }

  #line(text: string, role: string, found: Findings): string | undefined {
    if (this.#cleanNames.has(text)) return text
    try {
      const clean = this.#text(text, found)
      if (clean === text && text.length <= REMEMBERED_LENGTH) {
        if (this.#cleanNames.size >= REMEMBERED_NAMES) this.#cleanNames.clear()
        this.#cleanNames.add(text)
      }
      if (fitsInline(clean)) return clean
      if (this.#limits !== undefined) withhold(role, MEDIA_TYPE.text, found)
      else found.contents.push({ role, mediaType: MEDIA_TYPE.text, data: clean })
      return undefined
    } catch (error) {
      if (!(error instanceof RedactorFailed)) throw error
      this.#fail(role, MEDIA_TYPE.text, found, text)
      return WITHHELD_MARK
    }
  }

  /** The clean key. One that cannot be cleaned gives way to a marker, numbered so that no two become one. */
  #key(raw: string, index: number, found: Findings): KnownKey {
    try {
      const key = this.#text(raw, found)
      const known: KnownKey = {
        key,
        ...membersOf(key),
        role: undefined,
        content: isContentAttribute(key),
        limited: this.#limits !== undefined && !isMetadataAttribute(key) && !this.#limits.keepsAttribute(key),
        secretNumbers: this.#hidesNumbers(key),
        cleanValues: new Map(),
      }
      if (key === raw) {
        if (this.#keys.size >= MAX_KNOWN_KEYS) this.#forgetKeys()
        this.#keys.set(raw, known)
      }
      return known
    } catch (error) {
      if (!(error instanceof RedactorFailed)) throw error
      const key = `<withheld:key:${index}>`
      found.cuts.push({ what: key, reason: WITHHELD_REASON, count: 1 })
      const own = { content: true, limited: this.#limits !== undefined, secretNumbers: true }
      return { key, ...membersOf(key), role: undefined, cleanValues: undefined, ...own }
    }
  }

  #forgetKeys(): void {
    this.#keys.clear()
    this.#shapes.clear()
  }

  #hidesNumbers(key: string): boolean {
    try {
      return [1234, 12.345678].some((number) => this.#redactor.redactValue(number, key).counts !== undefined)
    } catch {
      return true
    }
  }

  /** Canonical JSON of one attribute, or undefined when it became a payload. */
  #value(value: WireValue, pointer: string, known: KnownKey, found: Findings): string | undefined {
    const { content } = known
    if (known.limited && (content || !isScalar(value))) {
      this.#limitedContent(roleOf(known, pointer), value, known.key, found)
      return undefined
    }
    if (typeof value === 'string') {
      const seen = known.cleanValues?.get(value)
      if (seen !== undefined) return seen
      const json = this.#string(value, pointer, known, found)
      if (json !== undefined) remember(known, value, json)
      return json
    }
    if (isWireText(value)) return this.#string(value, pointer, known, found)
    if (!content && (value === null || typeof value === 'boolean')) return String(value)
    const before = found.redactions
    try {
      const json = this.#json(value, known.key, found)
      if (!content && fitsInline(json)) return json
      found.contents.push({ role: roleOf(known, pointer), mediaType: MEDIA_TYPE.attribute, data: json })
      return undefined
    } catch (error) {
      if (!(error instanceof RedactorFailed)) throw error
      found.redactions = before
      this.#fail(roleOf(known, pointer), MEDIA_TYPE.attribute, found, value)
      return MARK_JSON
    }
  }

  /** What could not be cleaned: the record says so, and to a quarantine goes what it was. */
  #fail(role: string, mediaType: string, found: Findings, raw: WireValue | Uint8Array): void {
    found.contents.push({ role, mediaType, withheld: WITHHELD_REASON, ...(this.#keepsRaw && { raw: rawOf(raw) }) })
  }

  /** What somebody wrote, under a policy that does not keep all of that: JSON in which it names places, or nothing. */
  #limitedContent(role: string, value: WireValue, field: string, found: Findings): void {
    const raw = typeof value === 'string' ? value : isWireText(value) ? value.utf8 : undefined
    if (raw !== undefined && looksLikeJson(raw) && this.#limits?.keepsPayload(MEDIA_TYPE.json) === true)
      this.#content(role, MEDIA_TYPE.text, raw, field, found, MEDIA_TYPE.json)
    else withhold(role, raw === undefined ? MEDIA_TYPE.attribute : MEDIA_TYPE.text, found)
  }

  #string(value: string | WireText, pointer: string, known: KnownKey, found: Findings): string | undefined {
    const { key, content } = known
    const raw = typeof value === 'string' ? value : value.utf8
    if (!content && (typeof raw === 'string' ? fitsInline(raw) : raw.length <= ATTRIBUTE_INLINE_MAX_BYTES)) {
      try {
        const clean = this.#text(textOf(value), found, key)
        // What replaces a secret can be longer than it was.
        if (fitsInline(clean)) return jsonOfText(clean)
        found.contents.push({ role: roleOf(known, pointer), mediaType: MEDIA_TYPE.text, data: clean })
        return undefined
      } catch (error) {
        if (!(error instanceof RedactorFailed)) throw error
        this.#fail(roleOf(known, pointer), MEDIA_TYPE.text, found, value)
        return MARK_JSON
      }
    }
    // An OTLP string is text, whatever it looks like; as JSON it is only looked through, escapes and all.
    const scanAs = looksLikeJson(raw) ? MEDIA_TYPE.json : MEDIA_TYPE.text
    return this.#content(roleOf(known, pointer), MEDIA_TYPE.text, raw, key, found, scanAs) ? undefined : MARK_JSON
  }

  /** Canonical JSON of a value whose every string has been cleaned. Depth is bounded by the decoder. */
  #json(value: WireValue, field: string, found: Findings): string {
    if (typeof value === 'string') return jsonOfText(this.#text(value, found, field))
    if (value === null || typeof value === 'boolean') return String(value)
    if (typeof value === 'number') return this.#number(value, jsonOfDouble(value), field, found)
    if (isWireText(value)) return jsonOfText(this.#text(textOf(value), found, field))
    if ('int' in value) return this.#number(value.int, jsonOfInt(value.int), field, found)
    if ('bytes' in value) return jsonOfBytes(this.#bytes(value.bytes, field, found))
    if ('array' in value) return `[${value.array.map((item) => this.#json(item, field, found)).join(',')}]`
    const pairs = value.kvlist.map(([key, item]) => `[${jsonOfText(this.#text(key, found))},${this.#json(item, key, found)}]`)
    return `{"kvlist":[${pairs.join(',')}]}`
  }

  /** A card number is a secret as a number too, and so is a number in a field of secrets, or of somebody; it becomes the replacement text. */
  #number(value: number | bigint, json: string, field: string, found: Findings): string {
    if (value < SECRET_NUMBER_MIN && this.#keys.get(field)?.secretNumbers === false) return json
    let redacted: Redacted<unknown>
    try {
      redacted = this.#redactor.redactValue(value, field)
    } catch {
      throw new RedactorFailed()
    }
    if (redacted.counts !== undefined) found.redactions = mergeCounts(found.redactions, redacted.counts)
    return typeof redacted.value === 'string' ? jsonOfText(redacted.value) : json
  }

  /** Bytes may be text; those that are not UTF-8 are read as latin1, in which every ASCII secret keeps its form. */
  #bytes(bytes: Uint8Array, field: string, found: Findings): Uint8Array {
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
    const clean = this.#text(text, found, field)
    return clean === text ? bytes : Buffer.from(clean, encoding)
  }

  #text(text: string, found: Findings, field?: string): string {
    let redacted: Redacted<string>
    try {
      redacted = this.#redactor.redactText(text, field)
    } catch {
      throw new RedactorFailed()
    }
    if (redacted.counts !== undefined) found.redactions = mergeCounts(found.redactions, redacted.counts)
    return redacted.value
  }

  /** True when the content was cleaned, false when it is withheld. */
  #content(role: string, mediaType: string, raw: string | Uint8Array, field: string, found: Findings, scanAs = mediaType): boolean {
    if (typeof raw === 'string' && !raw.isWellFormed()) throw new LoneSurrogate()
    // One view of the bytes, for all who look at them from here on.
    const data = typeof raw === 'string' ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    try {
      const { value, counts, unscanned } = this.#redactor.redactPayload(scanAs, data, field)
      if (counts !== undefined) found.redactions = mergeCounts(found.redactions, counts)
      if (unscanned !== undefined) found.unscanned = mergeCounts(found.unscanned, unscanned) ?? unscanned
      found.contents.push({ role, mediaType, data: value })
      return true
    } catch {
      this.#fail(role, mediaType, found, raw)
      return false
    }
  }
}

const MARK_JSON = jsonOfText(WITHHELD_MARK)

function membersOf(key: string): Pick<KnownKey, 'prefix' | 'separated'> {
  const prefix = inOnePiece(`${jsonOfText(key)}:`)
  return { prefix, separated: inOnePiece(`,${prefix}`) }
}

const REMEMBERED_NAMES = 1_024

function withhold(role: string, mediaType: string, found: Findings): void {
  found.contents.push({ role, mediaType, withheld: LIMITED_REASON })
}
