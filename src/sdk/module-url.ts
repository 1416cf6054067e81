import type Module from 'node:module'
import { pathToFileURL } from 'node:url'

/**
 * Where a module looks for what stands beside it, given its own `import.meta.url`. In a bundle of CommonJS that is undefined, and nothing
 * of this package stands beside it: then from a place below the program's own file. Installed packages are found from there, and no file
 * of the program can be taken for one of ours.
 */
export function moduleUrl(own: string | undefined): string {
  return own ?? `${pathToFileURL(process.argv[1] ?? 'program').href}/reprise/sdk/bundled/module.js`
}

/** That of node:module, so that no bundler looks into it: webpack puts nothing in the place of a call whose argument it cannot follow. */
export const createRequire: typeof Module.createRequire = (from) => process.getBuiltinModule('node:module').createRequire(from)
