import { SPAN_KINDS, STATUS_CODES } from '../../schemas/index.ts'
import { inOnePiece, jsonOfText } from './canonical-text.ts'
import type { SpanDraft } from './normalize.ts'

/** The cleaned words of a span. */
export interface SpanWords {
  readonly name: string
  readonly stepName: string
  readonly operation: string
  readonly message: string | undefined
}

/** Members of a span's core in canonical JSON, by where they stand in it. */
export interface SpanText {
  /** From `events` to `operation`. */
  readonly middle: string
  /** From behind the value of `spanId` to before that of `startNanos`, quotes included. */
  readonly spanKind: string
  /** From behind the value of `startNanos`: `status` and `stepName`. */
  readonly status: string
}

/** `events` and `links` are the members of these lists; `namespace` is JSON. */
export function spanText(draft: SpanDraft, words: SpanWords, namespace: string, events: string, links: string): SpanText {
  const { span } = draft
  const name = jsonOfText(words.name)
  const flags = span.flags === 0 ? '' : `,"flags":${span.flags}`
  const message = words.message === undefined ? '' : `,"message":${jsonOfText(words.message)}`
  const operation = jsonOfText(words.operation)
  return {
    middle: `,"events":[${events}],"fidelity":"${draft.fidelity}"${flags},"kind":"${draft.kind}","links":[${links}],"name":${name},"namespace":${namespace},"operation":${operation}`,
    spanKind: `","spanKind":"${SPAN_KINDS[span.kind] ?? 'unspecified'}","startNanos":"`,
    status: `","status":{"code":"${STATUS_CODES[span.status.code] ?? 'unset'}"${message}},"stepName":${words.stepName === words.name ? name : jsonOfText(words.stepName)}`,
  }
}

/** What a text was made of, and the text: all that the span of a later body may be compared with, and nothing of its own body. */
interface Known {
  readonly words: SpanWords
  readonly fidelity: string
  readonly kind: string
  readonly flags: number
  readonly spanKind: number
  readonly code: number
  text: SpanText
  isWhole: boolean
}

const KNOWN_MAX = 16
/** Longer names seldom come again. */
const WORDS_MAX_LENGTH = 256

/**
 * Most spans of a scope are like one of those before in all but ids, times and attributes: what they say alike is put together
 * once. Bounded.
 */
export class AlikeSpans {
  readonly #namespace: string
  readonly #known: Known[] = []
  #oldest = 0

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** `spanText` of a span without events and links. */
  textOf(draft: SpanDraft, words: SpanWords): SpanText {
    for (const known of this.#known) {
      if (!isAlike(known, draft, words)) continue
      // Only what comes again is worth it.
      if (!known.isWhole) {
        const { middle, spanKind, status } = known.text
        known.text = { middle: inOnePiece(middle), spanKind: inOnePiece(spanKind), status: inOnePiece(status) }
        known.isWhole = true
      }
      return known.text
    }
    const text = spanText(draft, words, this.#namespace, '', '')
    if (words.name.length + words.stepName.length + words.operation.length > WORDS_MAX_LENGTH || words.message !== undefined) return text
    const { span, fidelity, kind } = draft
    const known = { words, fidelity, kind, flags: span.flags, spanKind: span.kind, code: span.status.code, text, isWhole: false }
    if (this.#known.length < KNOWN_MAX) this.#known.push(known)
    else this.#known[this.#oldest++ % KNOWN_MAX] = known
    return text
  }
}

function isAlike(known: Known, { span, fidelity, kind }: SpanDraft, words: SpanWords): boolean {
  return (
    known.words.name === words.name &&
    known.words.stepName === words.stepName &&
    known.words.operation === words.operation &&
    words.message === undefined &&
    known.kind === kind &&
    known.fidelity === fidelity &&
    known.flags === span.flags &&
    known.spanKind === span.kind &&
    known.code === span.status.code
  )
}
