import { expect } from 'vitest'
import { matchers } from './matchers.ts'
import type { ExpectedStep, TrajectoryMode } from './trajectory.ts'

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The verdict of `replay` is `exact`: nothing live, nothing unmatched, nothing unused, no socket, equal output. */
    toReplayExactly: () => R
    /** The first departure of the verdict is at the step of that name, or at that path: `answer > chat`. */
    toDivergeAt: (step: string) => R
    /** The replayed program took these steps below its root. Default mode: `strict`. */
    toMatchTrajectory: (expected: readonly ExpectedStep[], options?: { readonly mode?: TrajectoryMode }) => R
  }
}

expect.extend(matchers)
