import { createRequire } from 'node:module'
import type { Redactor } from '../../redaction/index.ts'

type Redaction = { createRedactor(options: { key: Uint8Array }): Redactor }

let loaded: Redaction | undefined

/** Loads the redaction engine while there is time for it. A recorded program does without it as long as it can send. */
export async function preloadRedaction(): Promise<void> {
  loaded ??= await import('../../redaction/index.ts')
}

/**
 * The engine at once, for a process on its way out.
 * @throws where a bundler has left it out and it was not preloaded: then nothing may touch the disk
 */
export function redactionNow(): Redaction {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url)
    // The sources run unbuilt; in the package the file has the name that the compiler gave it.
    const found: Redaction = import.meta.url.endsWith('.ts') ? require('../../redaction/index.ts') : require('../../redaction/index.js')
    loaded = found
  }
  return loaded
}
