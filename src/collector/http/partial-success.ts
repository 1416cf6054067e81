import type { Redactor } from '../../redaction/index.ts'

export interface NamedRejection {
  readonly index?: number
  readonly spanName?: string
  readonly spanId?: string
  readonly eventName?: string
  readonly reason: string
}

const MAX_NAMED = 10
const MAX_NAME = 80
const MAX_REASON = 300

/** The records of a request that cannot be kept: how many, and what is said of the first. */
export class Rejections {
  readonly #noun: string
  readonly #named: NamedRejection[] = []
  #count = 0

  /** @param noun what a record of the signal is called */
  constructor(noun = 'span') {
    this.#noun = noun
  }

  get count(): number {
    return this.#count
  }

  add(rejections: readonly NamedRejection[]): void {
    this.#count += rejections.length
    for (const rejection of rejections) {
      if (this.#named.length >= MAX_NAMED) return
      this.#named.push(rejection)
    }
  }

  /** For the sender; '' when there are none. All of it is redacted: the answer may end up in the sender's log. */
  describe(redactor: Redactor): string {
    const lines = this.#named.map(({ index, spanName, eventName, spanId, reason }) => {
      const place = index === undefined ? this.#noun : `${this.#noun} ${index}`
      const said = spanName ?? eventName ?? ''
      const name = said === '' ? '' : ` ${JSON.stringify(clean(said, MAX_NAME, redactor))}`
      return `${place}${name}${spanId === undefined || spanId === '' ? '' : ` (${spanId})`}: ${clean(reason, MAX_REASON, redactor)}`
    })
    if (this.#count > this.#named.length) lines.push(`and ${this.#count - this.#named.length} more`)
    return lines.join('; ')
  }
}

function clean(text: string, maxLength: number, redactor: Redactor): string {
  try {
    const { value } = redactor.redactText(text)
    return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value
  } catch {
    return '<withheld>'
  }
}
