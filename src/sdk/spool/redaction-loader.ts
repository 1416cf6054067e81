import { statSync } from 'node:fs'
import type { ChosenPolicyOptions, Redactor } from '../../redaction/index.ts'
import { createRequire, moduleUrl } from '../module-url.ts'

type Redaction = { createRedactorFor(options: ChosenPolicyOptions): Redactor }

let loaded: Redaction | undefined

// The sources run unbuilt; in the package the file has the name that the compiler gave it.
const HERE = moduleUrl(import.meta.url)
const UNBUILT = HERE.endsWith('.ts')

/**
 * Loads the redaction engine while there is time for it, where a bundler has put it elsewhere. Only there: what is being
 * imported cannot be required at the same time, and a program may exit at any moment.
 */
export async function preloadRedaction(): Promise<void> {
  if (loaded !== undefined || standsBeside()) return
  loaded = await import('../../redaction/index.ts')
}

/**
 * The engine at once, for a process on its way out. A program that can send never loads it.
 * @throws where a bundler has put it elsewhere and it was not preloaded: then nothing may touch the disk
 */
export function redactionNow(): Redaction {
  if (loaded === undefined) {
    const require = createRequire(HERE)
    const found: Redaction = UNBUILT ? require('../../redaction/index.ts') : require('../../redaction/index.js')
    loaded = found
  }
  return loaded
}

function standsBeside(): boolean {
  try {
    return statSync(new URL(UNBUILT ? '../../redaction/index.ts' : '../../redaction/index.js', HERE)).isFile()
  } catch {
    return false
  }
}
