import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseJson, RepriseError, type ResolvedOptions, resolveOptions } from '../schemas/index.ts'
import type { Terminal } from './terminal.ts'

export type CommonFlags = {
  store?: string
  json?: boolean
  config?: string
  namespace?: string
  quiet?: boolean
}

export type Settings = ResolvedOptions & {
  /** Absolute. */
  readonly storeFolder: string
  readonly json: boolean
  readonly quiet: boolean
}

const CONFIG_FILE = 'reprise.config.json'

function findConfigFile(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_FILE)
    try {
      readFileSync(file)
      return file
    } catch {
      if (dirname(folder) === folder) return undefined
    }
  }
}

function readConfigFile(file: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = parseJson(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new RepriseError('invalid_option', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new RepriseError('invalid_option', `${file}: expected an object of options`)
  }
  return parsed as Record<string, unknown>
}

/** Flag over environment over `reprise.config.json` (searched upward) over default. Throws `invalid_option`. */
export function readSettings(terminal: Terminal, flags: CommonFlags & Readonly<Record<string, unknown>>): Settings {
  const path = flags.config !== undefined ? resolve(terminal.cwd, flags.config) : findConfigFile(terminal.cwd)
  const { json, quiet, config: _config, ...rest } = flags
  const resolved = resolveOptions({
    flags: rest,
    env: terminal.env,
    ...(path !== undefined && { file: { path, values: readConfigFile(path) } }),
  })
  return { ...resolved, storeFolder: resolve(terminal.cwd, resolved.values.store), json: json === true, quiet: quiet === true }
}
