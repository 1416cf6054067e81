import { build } from '../../scripts/build.ts'

/** vitest's global set-up of the tests in test/package/: dist/ is as new as its sources. */
export default function setup(): void {
  build({ ifStale: true })
}
