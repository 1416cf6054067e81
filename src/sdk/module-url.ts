import { pathToFileURL } from 'node:url'

/**
 * Where a module looks for what stands beside it, given its own `import.meta.url`. In a bundle of CommonJS that is undefined, and nothing
 * of this package stands beside it: then from where the program is, which finds installed packages and no file of ours.
 */
export function moduleUrl(own: string | undefined): string {
  return own ?? pathToFileURL(process.argv[1] ?? 'program').href
}
