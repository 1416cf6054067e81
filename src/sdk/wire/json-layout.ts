/** How a JSON text is written, where that is not as JSON.stringify does it. It says nothing of what the text holds. */
export interface JsonLayout {
  /** What lines begin with, once for each level: blanks or a tab. */
  readonly indent?: string
  /** On one line, with a blank behind each colon and each comma, as Python writes it. */
  readonly spaced?: true
  /** All but ASCII is escaped by number. */
  readonly ascii?: true
  /** What stands behind the text. */
  readonly end?: string
}

const SPACE = /^[ \t\n]{1,8}$/
const INDENT = /^(?: {1,10}|\t{1,10})$/
const FIRST_LINES = /^[[{]\n( {1,10}|\t{1,10})[^ \t]/
const SPACED = /^\[*\{"(?:[^"\\]|\\.)*": /
/** JSON.stringify, too, writes control characters by number. */
const ESCAPED_BY_NUMBER = /\\u(?!00[01])[0-9a-f]{4}/

/** The one layout in which all the texts are written, each of which says its value; undefined where none does that, or none is needed. */
export function layoutOf(texts: readonly string[], values: readonly unknown[]): JsonLayout | undefined {
  const [first = ''] = texts
  const end = first.slice(first.trimEnd().length)
  const indent = FIRST_LINES.exec(first)?.[1]
  const layout: JsonLayout = {
    ...(indent !== undefined && { indent }),
    ...(SPACED.test(first) && { spaced: true }),
    ...(texts.some((text) => ESCAPED_BY_NUMBER.test(text)) && { ascii: true }),
    ...(end !== '' && { end }),
  }
  const isNeeded = Object.keys(layout).length > 0 && isJsonLayout(layout)
  return isNeeded && texts.every((text, index) => writeJson(values[index], layout) === text) ? layout : undefined
}

export function isJsonLayout(value: unknown): value is JsonLayout {
  if (typeof value !== 'object' || value === null) return false
  const { indent, end } = value as Record<string, unknown>
  const is = (text: unknown, form: RegExp): boolean => text === undefined || (typeof text === 'string' && form.test(text))
  return is(indent, INDENT) && is(end, SPACE)
}

export function writeJson(value: unknown, { indent, spaced, ascii, end = '' }: JsonLayout = {}): string {
  const text = spaced === true ? spacedJson(value) : JSON.stringify(value, null, indent)
  return `${ascii === true ? text.replace(/[\u007f-\uffff]/g, escaped) : text}${end}`
}

function spacedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, held]) => `${JSON.stringify(key)}: ${spacedJson(held)}`)
    .join(', ')}}`
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
