import type { Evidence } from './explain/trace.ts'

/** A text under inspection, with what must be remembered over it so that no detector looks at a stretch twice. */
export class TextView {
  readonly text: string
  /** Name of the field that holds the text, where it has one: context for the detectors. */
  readonly field: string
  readonly #found = new Map<string, { from: number; at: number }>()

  constructor(text: string, field: string) {
    this.text = text
    this.field = field
  }

  /** `text.indexOf(needle, from)` for calls with rising `from`: searches each part of the text once. */
  indexFrom(needle: string, from: number): number {
    const known = this.#found.get(needle)
    if (known !== undefined && from >= known.from && (known.at < 0 || known.at >= from)) return known.at
    const at = this.text.indexOf(needle, from)
    this.#found.set(needle, { from, at })
    return at
  }
}

export interface Stretch {
  readonly start: number
  readonly end: number
  /** Only of a traced policy: what spoke for it. */
  readonly evidence?: Evidence
  /** Of detectors that know several kinds: the name under which this one goes. */
  readonly rule?: string
}

/** `end` is the index just behind the anchor. The result, if any, is what must be replaced. */
export type Detector = (view: TextView, anchorEnd: number, anchorLength: number) => Stretch | undefined
