import type { Detector } from '../text-view.ts'
import { isGivenPassword, isQuotedToken } from './assigned-checks-4.ts'

/** A table is hardly longer, as far as its secrets are looked for. */
const TABLE_MAX = 16 * 1024
const LINE_MAX = 2048
const NAME =
  /^["'`*]{0,3}(?:[a-z0-9]{1,24}[-_. ]){0,3}(?:(password|passwd|passphrase|pwd|pass)|(?:[a-z0-9_]{0,24}(?:secret|token)|(?:api|access|secret|private|auth|encryption|signing|master|client)[-_. ]?key|credentials?))["'`*]{0,3}$/i
const DELIMITERS = ['|', '\t', ';', ','] as const
const CELLS = /'((?:[^'\\\n]|''){0,512})'|"([^"\\\n]{0,512})"|([^,()'"\s][^,()'"\n]{0,511})/g

const bare = (cell: string): string => cell.trim().replace(/^["'`*]{1,3}|["'`*]{1,3}$/g, '')

/** Start and end of a cell's value in the text. */
type Place = readonly [start: number, end: number]

function isSecretCell(value: string, isPassword: boolean): boolean {
  if (value.length < 6 || /\s/.test(value) || /^<[a-z-]{4,32}:[0-9a-f]{12}>$/.test(value)) return false
  return isPassword ? isGivenPassword(value) : isQuotedToken(value)
}

/** Where the cells of one line stand. */
function cellsOf(line: string, delimiter: string): readonly Place[] {
  const places: Place[] = []
  let from = 0
  for (;;) {
    const next = line.indexOf(delimiter, from)
    const end = next < 0 ? line.length : next
    places.push([from, end])
    if (next < 0) return places
    from = next + 1
  }
}

/** Values of the columns that the line with their names says are secret: from the first to the last of them that looks like one. */
function inRows(text: string, header: string, headerEnd: number): Place | undefined {
  const delimiter = DELIMITERS.find((sign) => header.includes(sign))
  if (delimiter === undefined) return undefined
  const titles = cellsOf(header, delimiter).map(([start, end]) => bare(header.slice(start, end)))
  // A list of names in code may go on in the next line.
  if (titles.length < 2 || (delimiter !== '|' && !titles.every((title) => /^[\w .-]{1,64}$/.test(title)))) return undefined
  const names = titles.map((title) => NAME.exec(title))
  if (!names.some((name) => name !== null)) return undefined
  let first = -1
  let last = -1
  let at = headerEnd + 1
  const limit = Math.min(text.length, headerEnd + TABLE_MAX)
  while (at < limit) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at)
    const line = text.slice(at, Math.min(end, at + LINE_MAX)).replace(/\r$/, '')
    const cells = cellsOf(line, delimiter)
    if (cells.length !== names.length) break
    for (const [index, [from, to]] of cells.entries()) {
      const name = names[index]
      const value = bare(line.slice(from, to))
      if (name === undefined || name === null || !isSecretCell(value, name[1] !== undefined)) continue
      const start = at + line.indexOf(value, from)
      if (first < 0) first = start
      last = start + value.length
    }
    at = end + 1
  }
  return first < 0 ? undefined : [first, last]
}

/** `INSERT INTO users (name, password) VALUES ('ana', '…')` */
function inValues(text: string, from: number): Place | undefined {
  const part = text.slice(from, from + LINE_MAX)
  const match = /^([^()\n]{1,512})\)\s{0,4}values\s{0,4}\(/i.exec(part)
  if (match === null) return undefined
  const names = (match[1] ?? '').split(',').map((name) => NAME.exec(bare(name)))
  let index = 0
  for (const cell of part.slice(match[0].length).matchAll(CELLS)) {
    const name = names[index++]
    const value = cell[1] ?? cell[2]
    if (name === undefined) return undefined
    if (name === null || value === undefined || !isSecretCell(value, name[1] !== undefined)) continue
    const start = from + match[0].length + cell.index + 1
    return [start, start + value.length]
  }
  return undefined
}

/** Secrets in the column of a table that is named for them: Markdown, CSV, SQL. Found at the name, which stands in the first line. */
export const detectNamedColumn: Detector = ({ text }, anchorEnd) => {
  const lineStart = text.lastIndexOf('\n', anchorEnd - 2) + 1
  const lineEnd = text.indexOf('\n', anchorEnd - 1)
  const line = text.slice(
    Math.max(lineStart, anchorEnd - LINE_MAX),
    lineEnd < 0 ? anchorEnd + LINE_MAX : Math.min(lineEnd, anchorEnd + LINE_MAX),
  )
  const paren = text.lastIndexOf('(', anchorEnd - 1)
  const place =
    paren >= lineStart && anchorEnd - paren < 512
      ? inValues(text, paren + 1)
      : lineEnd < 0 || line.length >= LINE_MAX
        ? undefined
        : inRows(text, line.replace(/\r$/, ''), lineEnd)
  return place === undefined ? undefined : { start: place[0], end: place[1] }
}
