const FIRST_WAIT_MILLIS = 500
const MAX_WAIT_MILLIS = 60_000
/** A destination may ask for more patience than that, and is asked again sooner all the same. */
const MAX_RETRY_AFTER_MILLIS = 300_000

/** Exponential, with full jitter, so that many senders do not come back at once. */
export function backoffMillis(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MAX_WAIT_MILLIS, FIRST_WAIT_MILLIS * 2 ** Math.min(attempt, 20))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

/** Retry-After as seconds or as an HTTP date (RFC 9110, section 10.2.3); the destination controls it, so it is capped. */
export function retryAfterMillis(header: string | undefined, nowMillis: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const wait = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) - nowMillis : Number.NaN
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MILLIS)
}
