import { pathToFileURL } from 'node:url'

/**
 * Where a module looks for what stands beside it, given its own `import.meta.url`. In a bundle of CommonJS that is undefined, and nothing
 * of this package stands beside it: then from a place below the program's own file. Installed packages are found from there, and no file
 * of the program can be taken for one of ours.
 */
export function moduleUrl(own: string | undefined): string {
  return own ?? `${pathToFileURL(process.argv[1] ?? 'program').href}/reprise/sdk/bundled/module.js`
}
