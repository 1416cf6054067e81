import { RepriseError } from '../errors.ts'
import { readPairs } from './option-kinds.ts'
import { OPTION_KEYS, OPTIONS, type OptionKey, type OptionRow, type OptionValues } from './option-table.ts'

/** Where a value came from; `name` is the flag, the variable or the path of the file. */
export interface OptionOrigin {
  readonly from: 'flag' | 'environment' | 'file' | 'default'
  readonly name?: string
}

export interface ResolvedOptions {
  readonly values: OptionValues
  readonly origins: { readonly [K in OptionKey]: OptionOrigin }
}

export interface OptionSources {
  /** By key, as a command line or a caller gives them. `undefined` counts as not given; keys of no option are left alone. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** `process.env`, or nothing of it. An empty variable counts as unset. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The parsed config file. Only keys of the table, and `$schema`, are allowed. */
  readonly file?: { readonly path: string; readonly values: unknown }
}

/** `captureMaxBytes` -> `--capture-max-bytes`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function sourceText(origin: OptionOrigin): string {
  switch (origin.from) {
    case 'flag':
      return `flag ${origin.name}`
    case 'environment':
      return `environment ${origin.name}`
    case 'file':
      return `file ${origin.name}`
    case 'default':
      return 'default'
  }
}

function invalid(row: OptionRow<unknown>, origin: OptionOrigin, input: unknown): RepriseError {
  // URLs can carry a password, so only values that cannot are shown.
  const shown =
    row.secret === undefined && row.kind !== 'url' && row.kind !== 'url-list' && ['string', 'number', 'boolean'].includes(typeof input)
  const got = shown ? `, got ${JSON.stringify(input).slice(0, 60)}` : ''
  return new RepriseError('invalid_option', `${row.key} (${sourceText(origin)}): expected ${row.accepts}${got}`, {
    details: { key: row.key, ...origin, accepts: row.accepts },
  })
}

function resolveOne<T>(
  row: OptionRow<T>,
  sources: OptionSources,
  file: Readonly<Record<string, unknown>>,
): { value: T; origin: OptionOrigin } {
  const take = (input: unknown, origin: OptionOrigin, parse: (input: never) => T | undefined): { value: T; origin: OptionOrigin } => {
    const value = parse(input as never)
    if (value === undefined) throw invalid(row, origin, input)
    return { value, origin }
  }
  const flag = sources.flags !== undefined && Object.hasOwn(sources.flags, row.key) ? sources.flags[row.key] : undefined
  if (flag !== undefined) {
    const origin: OptionOrigin = { from: 'flag', name: flagOf(row.key) }
    if (row.secret !== undefined) {
      throw new RepriseError(
        'invalid_option',
        `${row.key} (${sourceText(origin)}): may hold credentials; expected in ${row.env.join(' or ')} or the config file`,
      )
    }
    return take(flag, origin, row.parse)
  }
  for (const name of row.env) {
    const input = sources.env[name]
    if (input !== undefined && input !== '') return take(input, { from: 'environment', name }, row.parseEnv?.[name] ?? row.parse)
  }
  if (sources.file !== undefined && Object.hasOwn(file, row.key))
    return take(file[row.key], { from: 'file', name: sources.file.path }, row.parse)
  return { value: row.default, origin: { from: 'default' } }
}

/** Edits that turn one word into the other (Levenshtein). */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1]?.toLowerCase() === to[j - 1]?.toLowerCase() ? 0 : 1)
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}

function checkFile(file: NonNullable<OptionSources['file']>): Readonly<Record<string, unknown>> {
  if (typeof file.values !== 'object' || file.values === null || Array.isArray(file.values)) {
    throw new RepriseError('invalid_option', `file ${file.path}: expected an object of options`)
  }
  const values = file.values as Readonly<Record<string, unknown>>
  for (const key of Object.keys(values)) {
    if (key === '$schema' || Object.hasOwn(OPTIONS, key)) continue
    const nearest = [...OPTION_KEYS].sort((a, b) => distance(key.slice(0, 100), a) - distance(key.slice(0, 100), b))[0]
    throw new RepriseError('invalid_option', `file ${file.path}: unknown option '${key.slice(0, 100)}'; did you mean '${nearest}'?`, {
      details: { key, nearest },
    })
  }
  return values
}

/**
 * Flag over environment over config file over default, for every option of the table. Reads nothing itself. Throws
 * `invalid_option` naming the key, where the value came from, and the accepted form.
 */
export function resolveOptions(sources: OptionSources): ResolvedOptions {
  const file = sources.file === undefined ? {} : checkFile(sources.file)
  const values: Partial<Record<OptionKey, unknown>> = {}
  const origins: Partial<Record<OptionKey, OptionOrigin>> = {}
  for (const key of OPTION_KEYS) {
    const { value, origin } = resolveOne<unknown>(OPTIONS[key], sources, file)
    values[key] = value
    origins[key] = origin
  }
  return { values: values as OptionValues, origins: origins as ResolvedOptions['origins'] }
}

/**
 * The resource attributes of OTEL_RESOURCE_ATTRIBUTES (`key=value,key2=value2`, percent-encoded) with OTEL_SERVICE_NAME,
 * which wins over a `service.name` among them. Throws `invalid_option` when the variable cannot be read: OpenTelemetry asks
 * to discard the whole of it and to say so.
 */
export function resourceAttributesFromEnv(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const pairs = readPairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  if (pairs === undefined) {
    throw new RepriseError(
      'invalid_option',
      'resource attributes (environment OTEL_RESOURCE_ATTRIBUTES): expected key=value,key2=value2 with values percent-encoded',
    )
  }
  const attributes: Record<string, string> = Object.create(null)
  for (const [key, value] of pairs) attributes[key] = value
  const name = env['OTEL_SERVICE_NAME']
  if (name !== undefined && name !== '') attributes['service.name'] = name
  return attributes
}
