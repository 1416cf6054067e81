import { isMetadataAttribute } from '../../adapters/dialects/index.ts'
import type { Explainer, Explanation, Redactor } from '../../redaction/index.ts'
import {
  type Attributes,
  type AttributeValue,
  decodeValue,
  type LogRecord,
  MEDIA_TYPE,
  RepriseError,
  type SpanRecord,
} from '../../schemas/index.ts'
import type { BlobReader } from '../../store/index.ts'

type Counts = Record<string, number>

/** What a policy would change at a place, or at all of them. By rule; after a colon, what it would do. */
export interface Trial {
  /** In what was kept, and would be replaced now. */
  readonly newlyFound: Counts
  /** Pseudonyms for what the policy keeps. Their values are gone: what is recorded from now on would have them. */
  readonly noLongerFound: Counts
  /** Pseudonyms for what the policy masks, drops, or replaces by something else: `email: mask`. */
  readonly otherAction: Counts
  /** Payloads, attributes and messages that the policy's mode does not keep at all. */
  leftOut: number
  /** Texts that would be withheld because redaction fails on them. */
  failed: number
  /** Payloads that could not be read, by why. */
  readonly unread: { withheld: number; erased: number; missing: number }
}

export const newTrial = (): Trial => ({
  newlyFound: {},
  noLongerFound: {},
  otherAction: {},
  leftOut: 0,
  failed: 0,
  unread: { withheld: 0, erased: 0, missing: 0 },
})

export const isTrialEmpty = ({ newlyFound, noLongerFound, otherAction, leftOut, failed }: Trial): boolean =>
  leftOut + failed + Object.keys(newlyFound).length + Object.keys(noLongerFound).length + Object.keys(otherAction).length === 0

function addCounts(total: Counts, counts: Readonly<Counts>): void {
  for (const [rule, count] of Object.entries(counts)) total[rule] = (total[rule] ?? 0) + count
}

export function addTrial(total: Trial, trial: Trial): void {
  addCounts(total.newlyFound, trial.newlyFound)
  addCounts(total.noLongerFound, trial.noLongerFound)
  addCounts(total.otherAction, trial.otherAction)
  total.leftOut += trial.leftOut
  total.failed += trial.failed
  for (const why of ['withheld', 'erased', 'missing'] as const) total.unread[why] += trial.unread[why]
}

/** Explainers by kind of step are kept, since each compiles the rules. A run has a dozen kinds at the most. */
type ExplainerOf = (kind: string) => Explainer

/** Goes over every string that a record has kept, in the way in which the collector takes them in. */
export class TrialWalk {
  readonly #blobs: BlobReader
  readonly #redactor: Redactor
  readonly #explainerOf: ExplainerOf
  readonly #explainers = new Map<string, Explainer>()

  constructor(blobs: BlobReader, redactor: Redactor, explainerOf: ExplainerOf) {
    this.#blobs = blobs
    this.#redactor = redactor
    this.#explainerOf = explainerOf
  }

  /** By place: a JSON pointer into the record, or the role of a payload. `isFirst`: of its resource and scope. */
  step(record: SpanRecord, isFirst: boolean): Map<string, Trial> {
    const { core } = record
    const places = this.#places(core.kind)
    places.name('/name', core.name)
    if (core.stepName !== core.name) places.name('/stepName', core.stepName)
    if (core.status.message !== undefined) places.message('/status/message', core.status.message)
    places.attributes('/attributes', core.attributes)
    for (const [index, event] of core.events.entries()) {
      places.name(`/events/${index}/name`, event.name)
      places.attributes(`/events/${index}/attributes`, event.attributes)
    }
    for (const [index, link] of core.links.entries()) places.attributes(`/links/${index}/attributes`, link.attributes)
    return this.#rest(places, record, isFirst)
  }

  log(record: LogRecord, isFirst: boolean): Map<string, Trial> {
    const places = this.#places('log')
    if (record.core.eventName !== undefined) places.name('/eventName', record.core.eventName)
    places.attributes('/attributes', record.core.attributes)
    return this.#rest(places, record, isFirst)
  }

  #rest(places: TrialPlaces, { core, refs }: SpanRecord | LogRecord, isFirst: boolean): Map<string, Trial> {
    if (isFirst) {
      places.attributes('/resource/attributes', core.resource.attributes)
      places.name('/scope/name', core.scope.name)
      places.attributes('/scope/attributes', core.scope.attributes ?? {})
    }
    for (const { role, mediaType, withheld } of core.payloads) {
      const digest = refs.find((ref) => ref.role === role)?.digest
      if (withheld !== undefined) places.unread(role, 'withheld')
      else if (digest === undefined) places.unread(role, 'erased')
      else if (!this.#blobs.has(digest)) places.unread(role, 'missing')
      else places.payload(role, mediaType, this.#blobs.read(digest))
    }
    return places.trials
  }

  #places(kind: string): TrialPlaces {
    let explainer = this.#explainers.get(kind)
    if (explainer === undefined) this.#explainers.set(kind, (explainer = this.#explainerOf(kind)))
    return new TrialPlaces(this.#redactor.ofKind?.(kind) ?? this.#redactor, explainer)
  }
}

class TrialPlaces {
  readonly trials = new Map<string, Trial>()
  readonly #redactor: Redactor
  readonly #explainer: Explainer

  constructor(redactor: Redactor, explainer: Explainer) {
    this.#redactor = redactor
    this.#explainer = explainer
  }

  name(place: string, text: string): void {
    this.#text(place, text, '')
  }

  /** What somebody wrote. */
  message(place: string, text: string): void {
    if (this.#redactor.limits === undefined) this.name(place, text)
    else this.#at(place).leftOut++
  }

  attributes(place: string, attributes: Attributes): void {
    for (const [key, value] of Object.entries(attributes)) {
      const at = `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      this.name(at, key)
      const { limits } = this.#redactor
      const isScalar = value === null || typeof value === 'number' || typeof value === 'boolean'
      if (limits !== undefined && !isScalar && !isMetadataAttribute(key) && !limits.keepsAttribute(key)) this.#at(at).leftOut++
      else this.#value(at, value, key)
    }
  }

  unread(role: string, why: keyof Trial['unread']): void {
    this.#at(role).unread[why]++
  }

  payload(role: string, mediaType: string, data: Buffer): void {
    const trial = this.#at(role)
    // Of an attribute that became a payload: its name, as where it stood.
    const field = role.startsWith('/') && role.includes('attributes/') ? nameIn(role) : ''
    const isJsonText = mediaType === MEDIA_TYPE.text && (data[0] === 0x5b || data[0] === 0x7b)
    const scanAs = isJsonText ? MEDIA_TYPE.json : mediaType
    const { limits } = this.#redactor
    if (limits !== undefined && !limits.keepsPayload(scanAs) && !limits.keepsAttribute(field)) {
      trial.leftOut++
      return
    }
    this.#try(trial, () => addCounts(trial.newlyFound, this.#redactor.redactPayload(scanAs, data, field).counts ?? {}))
    this.#try(trial, () => {
      for (const { text, isJson } of textsOf(scanAs, data))
        this.#tokens(trial, isJson ? this.#explainer.explainJson(text, field) : this.#explainer.explainText(text, field))
    })
  }

  #value(place: string, value: AttributeValue, field: string): void {
    if (typeof value === 'string') this.#text(place, value, field)
    else if (typeof value === 'number') {
      const trial = this.#at(place)
      this.#try(trial, () => addCounts(trial.newlyFound, this.#redactor.redactValue(value, field).counts ?? {}))
    } else if (Array.isArray(value)) for (const held of value as readonly AttributeValue[]) this.#value(place, held, field)
    else if (typeof value === 'object' && value !== null && 'kvlist' in value) {
      for (const [key, held] of value.kvlist) {
        this.#text(place, key, '')
        this.#value(place, held, key)
      }
    }
  }

  #text(place: string, text: string, field: string): void {
    const trial = this.#at(place)
    this.#try(trial, () => {
      addCounts(trial.newlyFound, this.#redactor.redactText(text, field).counts ?? {})
      if (text.includes('<')) this.#tokens(trial, this.#explainer.explainText(text, field))
    })
  }

  #tokens(trial: Trial, { tokens }: Explanation): void {
    for (const { detector, action } of tokens) {
      if (action === 'keep') addCounts(trial.noLongerFound, { [detector]: 1 })
      else if (action !== 'token') addCounts(trial.otherAction, { [`${detector}: ${action}`]: 1 })
    }
  }

  #try(trial: Trial, act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!RepriseError.isInstance(error) || error.code !== 'redaction_failed') throw error
      trial.failed++
    }
  }

  #at(place: string): Trial {
    let trial = this.trials.get(place)
    if (trial === undefined) this.trials.set(place, (trial = newTrial()))
    return trial
  }
}

const nameIn = (role: string): string =>
  role
    .slice(role.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')

/** Texts in which pseudonyms may stand. Of a MessagePack value the strings, which is where they are. */
function textsOf(mediaType: string, data: Buffer): { readonly text: string; readonly isJson: boolean }[] {
  if (!data.includes('<') && !data.includes('%3')) return []
  if (mediaType === MEDIA_TYPE.msgpack) return stringsOf(decodeValue(mediaType, data)).map((text) => ({ text, isJson: false }))
  return [{ text: data.toString(), isJson: /[/+]json(?:;|$)/.test(mediaType) }]
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  const held: unknown[] = value instanceof Map ? [...value.entries()].flat() : value instanceof Set ? [...value] : Object.values(value)
  return held.flatMap(stringsOf)
}
