import type { Detector } from '../text-view.ts'
import { isGivenPassword, isQuotedToken } from './assigned-checks-4.ts'

/** A table is hardly longer, as far as its secrets are looked for. */
const TABLE_MAX = 16 * 1024
const LINE_MAX = 2048
const SQL_MAX = 512
/** The longest anchor of the rule, and what stands before it of a title. */
const ANCHOR_MAX = 12
const NAME =
  /^["'`*]{0,3}(?:[a-z0-9]{1,24}[-_. ]){0,3}(?:(password|passwd|passphrase|pwd|pass)|(?:[a-z0-9_]{0,24}(?:secret|token)|(?:api|access|secret|private|auth|encryption|signing|master|client)[-_. ]?key|credentials?))["'`*]{0,3}$/i
const DELIMITERS = ['|', '\t', ';', ','] as const
const CELLS = /'((?:[^'\\\n]|''){0,512})'|"([^"\\\n]{0,512})"|([^,()'"\s][^,()'"\n]{0,511})/g

/** A name that stands as the title of an earlier column. */
const EARLIER = /(?:password|passwd|pass|pwd|secret|token|_key|api key|apikey)["'`*]{0,3} ?[|,;\t]/i

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

/** Where the line ends that goes on at `from`; -1 where it is longer than is looked at. */
function lineEndAt(text: string, from: number): number {
  const end = text.slice(from, from + LINE_MAX).indexOf('\n')
  if (end >= 0) return from + end
  return text.length - from < LINE_MAX ? text.length : -1
}

/** Where the line begins that goes on up to `to`; -1 where it is longer than is looked at. */
function lineStartAt(text: string, to: number): number {
  const from = Math.max(0, to - LINE_MAX)
  const before = text.slice(from, to).lastIndexOf('\n')
  if (before >= 0) return from + before + 1
  return from === 0 ? 0 : -1
}

/** Of all lines of a table the same, and seldom of the prose above it: how many cells, and whether a blank stands before them. */
const shapeOf = (line: string, delimiter: string): string =>
  `${cellsOf(line, delimiter).length}${delimiter !== '|' && line.includes(`${delimiter} `)}`

/** Values of the columns that the line with their names says are secret: from the first to the last of them that looks like one. */
function inRows(text: string, written: string, headerEnd: number): Place | undefined {
  const header = written.replace(/\r$/, '')
  const delimiter = DELIMITERS.find((sign) => header.includes(sign))
  if (delimiter === undefined) return undefined
  const titles = cellsOf(header, delimiter).map(([start, end]) => bare(header.slice(start, end)))
  // A list of names in code may go on in the next line.
  if (titles.length < 2 || (delimiter !== '|' && !titles.every((title) => /^[\w .-]{1,64}$/.test(title)))) return undefined
  const names = titles.map((title) => NAME.exec(title))
  if (!names.some((name) => name !== null)) return undefined
  const shape = shapeOf(header, delimiter)
  // The line with the names is the first of its table. So each row is looked at for one such line, whatever the rows say.
  const headerStart = headerEnd - written.length
  if (headerStart > 0) {
    const aboveStart = lineStartAt(text, headerStart - 1)
    if (aboveStart < 0 || shapeOf(text.slice(aboveStart, headerStart - 1), delimiter) === shape) return undefined
  }
  let first = -1
  let last = -1
  let at = headerEnd + 1
  const limit = Math.min(text.length, headerEnd + TABLE_MAX)
  while (at < limit) {
    const end = lineEndAt(text, at)
    if (end < 0) break
    const line = text.slice(at, end).replace(/\r$/, '')
    if (shapeOf(line, delimiter) !== shape) break
    const cells = cellsOf(line, delimiter)
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
  const lineStart = lineStartAt(text, anchorEnd - 1)
  const paren = text.slice(Math.max(0, lineStart, anchorEnd - SQL_MAX), anchorEnd - 1).lastIndexOf('(')
  let place: Place | undefined
  if (paren >= 0) place = inValues(text, Math.max(0, lineStart, anchorEnd - SQL_MAX) + paren + 1)
  else {
    const lineEnd = lineEndAt(text, anchorEnd - 1)
    // One of its columns is enough to look at all of them.
    if (lineStart < 0 || lineEnd < 0 || lineEnd - lineStart >= LINE_MAX || lineEnd === text.length) return undefined
    if (EARLIER.test(text.slice(lineStart, Math.max(lineStart, anchorEnd - ANCHOR_MAX)))) return undefined
    place = inRows(text, text.slice(lineStart, lineEnd), lineEnd)
  }
  return place === undefined ? undefined : { start: place[0], end: place[1] }
}
