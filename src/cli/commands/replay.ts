import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { formatVerdict, loadRecording, replay } from '../../replay/index.ts'
import { RepriseError } from '../../schemas/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { plain, type Terminal, writeLine } from '../terminal.ts'

export type ReplayFlags = { module: string; export: string; timeoutMillis?: number }

/** Imports the module and gives the named export. Throws `module_export_missing`, naming what there is. */
async function importExport(file: string, name: string): Promise<(...args: never[]) => unknown> {
  let found: Record<string, unknown>
  try {
    found = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    throw new RepriseError('usage', `--module ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  const value = found[name]
  if (typeof value !== 'function') {
    const functions = Object.keys(found).filter((key) => typeof found[key] === 'function')
    const there = functions.length > 0 ? `it exports ${functions.join(', ')}` : 'it exports no function'
    throw new RepriseError('module_export_missing', `--export ${name}: ${file} does not export a function of that name; ${there}`)
  }
  return value as (...args: never[]) => unknown
}

export async function replayRecording(settings: Settings, terminal: Terminal, folder: string, flags: ReplayFlags): Promise<number> {
  const recording = await loadRecording(resolve(terminal.cwd, folder))
  const program = await importExport(resolve(terminal.cwd, flags.module), flags.export)
  const verdict = await replay(recording, program, flags.timeoutMillis === undefined ? {} : { timeoutMillis: flags.timeoutMillis })
  if (settings.json) writeLine(terminal.stdout, JSON.stringify(verdict))
  else for (const line of formatVerdict(verdict).split('\n')) writeLine(terminal.stdout, plain(line))
  if (verdict.label === 'exact') return EXIT.ok
  return verdict.label === 'missing' ? EXIT.missing : EXIT.diverged
}
