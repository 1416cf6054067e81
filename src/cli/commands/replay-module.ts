import { pathToFileURL } from 'node:url'
import { RepriseError } from '../../schemas/index.ts'

export type Program = (...args: never[]) => unknown

/** Loads the module of a program. Throws `usage` naming it. */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    throw new RepriseError('usage', `--module ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** The named export. Throws `module_export_missing`, naming what there is. */
export function exportOf(found: Record<string, unknown>, file: string, name: string): Program {
  const value = found[name]
  if (typeof value !== 'function') {
    const functions = Object.keys(found).filter((key) => typeof found[key] === 'function')
    const there = functions.length > 0 ? `it exports ${functions.join(', ')}` : 'it exports no function'
    throw new RepriseError('module_export_missing', `--export ${name}: ${file} does not export a function of that name; ${there}`)
  }
  return value as Program
}
