const NANOS_PER_MILLI = 1_000_000n

/** `2026-11-21T10:00:00Z`, or nanoseconds since 1970 as decimal digits; gives nanoseconds. */
export function parseTime(given: string): string | undefined {
  if (/^(0|[1-9][0-9]{0,19})$/.test(given)) return given
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$/.test(given)) return undefined
  const millis = Date.parse(given)
  if (!Number.isFinite(millis) || millis < 0) return undefined
  const fraction = /\.([0-9]{4,9})/.exec(given)?.[1]
  const beyondMillis = fraction === undefined ? 0n : BigInt(fraction.padEnd(9, '0').slice(3))
  return String(BigInt(millis) * NANOS_PER_MILLI + beyondMillis)
}

export const TIME_ACCEPTS = 'a time such as 2026-11-21T10:00:00Z, or nanoseconds since 1970'
