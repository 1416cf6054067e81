import type { Redactor } from '../../redaction/index.ts'

export interface NamedRejection {
  readonly index?: number
  readonly spanName?: string
  readonly spanId?: string
  readonly reason: string
}

const MAX_NAMED = 10
const MAX_NAME = 80
const MAX_REASON = 300

/** The spans of a request that cannot be kept: how many, and what is said of the first. */
export class Rejections {
  readonly #named: NamedRejection[] = []
  #count = 0

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
    const lines = this.#named.map(({ index, spanName, spanId, reason }) => {
      const place = index === undefined ? 'span' : `span ${index}`
      const name = spanName === undefined || spanName === '' ? '' : ` ${JSON.stringify(clean(spanName, MAX_NAME, redactor))}`
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
