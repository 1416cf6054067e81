const NANOS_PER_MILLI = 1_000_000n

const NANOS = '0|[1-9][0-9]{0,19}'
const NANOS_TEXT = new RegExp(`^(${NANOS})$`)
const DAY_OF_MONTH = '((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)'
const DATE = `(19[7-9][0-9]|[2-9][0-9]{3})-${DAY_OF_MONTH}`
const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?'
const ZONE = '(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])'
const DATE_TIME = new RegExp(`^${DATE}(T${CLOCK}${ZONE})?$`)

/** What a time looks like, as a pattern of JSON Schema. Of what it allows, the 29th of February is not in every year. */
export const TIME_PATTERN: string = `^(${NANOS}|${DATE}(T${CLOCK}${ZONE})?)$`

/** `2026-11-21T10:00:00Z`, or nanoseconds since 1970 as decimal digits; gives nanoseconds. */
export function parseTime(given: string): string | undefined {
  if (NANOS_TEXT.test(given)) return given
  if (!DATE_TIME.test(given)) return undefined
  const millis = Date.parse(given)
  if (!Number.isFinite(millis) || millis < 0) return undefined
  // In a common year, Date.parse takes the 29th of February for the 1st of March.
  if (new Date(`${given.slice(0, 10)}T00:00:00Z`).getUTCDate() !== Number(given.slice(8, 10))) return undefined
  const fraction = /\.([0-9]{4,9})/.exec(given)?.[1]
  const beyondMillis = fraction === undefined ? 0n : BigInt(fraction.padEnd(9, '0').slice(3))
  return String(BigInt(millis) * NANOS_PER_MILLI + beyondMillis)
}

export const TIME_ACCEPTS = 'a time such as 2026-11-21T10:00:00Z, or nanoseconds since 1970'
