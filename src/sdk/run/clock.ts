import { real } from '../effects/real.ts'

// The clock as it was when this module was loaded: fake timers that a test installs later do not reach the record.
const { performanceNow: monotonicNow, dateNow: wallNow } = real

/** Milliseconds of the monotonic clock. */
export function nowMillis(): number {
  return monotonicNow()
}

/**
 * What to add to a monotonic time to have Unix time, in milliseconds. Taken once per run, so that the times of one run
 * agree with each other whatever the wall clock does meanwhile.
 */
export function readClockAnchor(): number {
  const anchor = performance.timeOrigin
  const drift = wallNow() - (anchor + monotonicNow())
  // A machine that slept, or whose clock was set, leaves timeOrigin behind; below that, timeOrigin is the finer clock.
  return Math.abs(drift) > 100 ? anchor + drift : anchor
}

/** Nanoseconds since the Unix epoch; microseconds are what the clock can tell. */
export function unixNanos(anchorMillis: number, monotonicMillis: number): bigint {
  return BigInt(unixMicros(anchorMillis, monotonicMillis)) * 1000n
}

/** Microseconds since the Unix epoch. */
export function unixMicros(anchorMillis: number, monotonicMillis: number): number {
  return Math.round((anchorMillis + monotonicMillis) * 1000)
}
