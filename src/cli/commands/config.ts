import { OPTION_KEYS, OPTIONS, type OptionKey, type OptionOrigin } from '../../schemas/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { type Terminal, tableLines, writeLine } from '../terminal.ts'

const HIDDEN = '(hidden)'

/** A value as it may be shown: never one that can hold a credential. */
function shownValue(settings: Settings, key: OptionKey): unknown {
  const value = settings.values[key]
  const { secret, kind } = OPTIONS[key]
  if (secret === true) return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? null : HIDDEN
  if (kind === 'url') return typeof value === 'string' ? withoutCredentials(value) : null
  if (kind === 'url-list') return Array.isArray(value) ? value.map((url) => withoutCredentials(String(url))) : []
  return value ?? null
}

/** User, password and query of a URL can be secrets. */
function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return HIDDEN
  const url = new URL(text)
  const hidden = url.username !== '' || url.password !== '' || url.search !== ''
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return hidden ? `${url.href} (rest hidden)` : text
}

function originText({ from, name }: OptionOrigin): string {
  return name === undefined ? from : `${from} ${name}`
}

/** Prints each option with its value, and where it came from: flag, environment, file or default. */
export function config(settings: Settings, terminal: Terminal, flags: { origin?: boolean }): Promise<number> {
  if (settings.json) {
    const options = OPTION_KEYS.map((key) => ({ key, value: shownValue(settings, key), origin: settings.origins[key] }))
    writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.config/1', options }))
    return Promise.resolve(EXIT.ok)
  }
  const columns = [{ title: 'OPTION' }, { title: 'VALUE', maxWidth: 80 }, ...(flags.origin === true ? [{ title: 'FROM' }] : [])]
  const rows = OPTION_KEYS.map((key) => {
    const value = shownValue(settings, key)
    const text = value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value)
    return [key, text, ...(flags.origin === true ? [originText(settings.origins[key])] : [])]
  })
  for (const line of tableLines(columns, rows)) writeLine(terminal.stdout, line)
  return Promise.resolve(EXIT.ok)
}
