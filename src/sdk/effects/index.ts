export type { Effects, TimerEffect } from './effects.ts'
export { installHooks } from './install.ts'
export { hookState, ownTimers, real } from './real.ts'
export { uuidText } from './uuid.ts'
