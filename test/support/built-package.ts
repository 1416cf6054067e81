import type { TestProject } from 'vitest/node'
import { build } from '../../scripts/build.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The compiler's words, or an empty text where dist/ is as new as its sources. */
    buildFailure: string
  }
}

/** vitest's global set-up of the tests in test/package/. A failure is told by a test of theirs: thrown here, it would stop all others too. */
export default function setup(project: TestProject): void {
  try {
    build({ ifStale: true })
    project.provide('buildFailure', '')
  } catch (error) {
    project.provide('buildFailure', error instanceof Error ? error.message : String(error))
  }
}
