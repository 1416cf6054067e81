import { staleNames, syncNames } from './builtin-names.ts'
import { hookDate, hookHrtime, hookPerformance } from './hooks-clock.ts'
import { hookBytes, hookRandom, hookUuid } from './hooks-random.ts'
import { hookTimers } from './hooks-timers.ts'
import { hookState } from './real.ts'

/**
 * Puts our functions in the place of the clocks, timers and sources of chance of this process, once. Outside of a run each does what
 * the one before it did.
 */
export function installHooks(): void {
  if (hookState.installed) return
  hookState.installed = true
  hookDate()
  hookPerformance()
  hookHrtime()
  hookRandom()
  hookUuid()
  hookBytes()
  hookTimers()
  staleNames()
  syncNames()
}
