import { readFileSync } from 'node:fs'

let version: string | undefined

/** The version in package.json; src/replay and dist/replay stand equally deep in the package. */
export function packageVersion(): string {
  version ??= (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version
  return version
}
