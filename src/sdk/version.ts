import { readFileSync } from 'node:fs'

/** Name of our instrumentation scope. */
export const SDK_NAME = 'reprise'

export const SDK_VERSION: string = readVersion()

function readVersion(): string {
  try {
    // src/sdk and dist/sdk stand equally deep in the package.
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && manifest.name === SDK_NAME && 'version' in manifest)
      return String(manifest.version)
  } catch {
    // A bundled program has no package.json of ours beside it.
  }
  return 'unknown'
}
