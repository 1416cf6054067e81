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
const MAX_MESSAGE = 4_000

/** Names the first bad spans and why, for the sender. All of it is redacted: the answer may end up in the sender's log. */
export function describeRejections(rejections: readonly NamedRejection[], redactor: Redactor): string {
  const lines = rejections.slice(0, MAX_NAMED).map(({ index, spanName, spanId, reason }) => {
    const place = index === undefined ? 'span' : `span ${index}`
    const name = spanName === undefined || spanName === '' ? '' : ` ${JSON.stringify(clean(spanName, MAX_NAME, redactor))}`
    return `${place}${name}${spanId === undefined || spanId === '' ? '' : ` (${spanId})`}: ${clean(reason, MAX_REASON, redactor)}`
  })
  if (rejections.length > MAX_NAMED) lines.push(`and ${rejections.length - MAX_NAMED} more`)
  return lines.join('; ').slice(0, MAX_MESSAGE)
}

function clean(text: string, maxLength: number, redactor: Redactor): string {
  try {
    const { value } = redactor.redactText(text)
    return value.length > maxLength ? `${value.slice(0, maxLength)}…` : value
  } catch {
    return '<withheld>'
  }
}
