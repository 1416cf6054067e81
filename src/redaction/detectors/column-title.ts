import { asWords } from '../scanner/words.ts'
import type { TextView } from '../text-view.ts'

const LINE_MAX = 2048
const TITLE_MAX = 64
const DELIMITERS = ['|', '\t', ';', ',']

/** Lines that go on in the same shape: where the last one known ends, and the titles in words, where the first one has such. */
interface Table {
  readonly delimiter: string
  readonly cells: number
  readonly to: number
  readonly titles: readonly string[] | undefined
}
/** The last one of each text: who asks does so in order, so that each line is read once. */
const tables = new WeakMap<TextView, Table>()

/** The words that stand as the title of the column in which something stands, in CSV and its like; '' where it is in no table. */
export function columnTitle(view: TextView, start: number): string {
  const { text } = view
  const lineStart = lineStartAt(text, start)
  const end = text.indexOf('\n', start)
  const lineEnd = end < 0 ? text.length : end
  if (lineStart < 1 || lineEnd - lineStart > LINE_MAX) return ''
  const line = text.slice(lineStart, lineEnd)
  const delimiter = DELIMITERS.find((sign) => line.includes(sign))
  if (delimiter === undefined) return ''
  const table = tableOf(view, delimiter, lineStart, lineEnd)
  tables.set(view, table)
  return table.titles?.[cellsOf(line.slice(0, start - lineStart), delimiter).length - 1] ?? ''
}

function tableOf(view: TextView, delimiter: string, lineStart: number, lineEnd: number): Table {
  const { text } = view
  const known = tables.get(view)
  const cells = cellsOf(text.slice(lineStart, lineEnd), delimiter).length
  const isSame = known?.delimiter === delimiter && known.cells === cells
  if (known?.to === lineEnd) return isSame ? known : { delimiter, cells, to: lineEnd, titles: undefined }
  let first: string | undefined
  for (let end = lineStart - 1; end >= 0; ) {
    if (known?.to === end && isSame) return { ...known, to: lineEnd }
    if (known !== undefined && end <= known.to) break
    const from = lineStartAt(text, end)
    if (from < 0) break
    const line = text.slice(from, end)
    if (cellsOf(line, delimiter).length !== cells) break
    first = line
    end = from - 1
  }
  return { delimiter, cells, to: lineEnd, titles: first === undefined ? undefined : titlesOf(first, delimiter) }
}

/** Where the line begins that ends at `to` or goes on there; -1 where it is longer than is looked at. */
function lineStartAt(text: string, to: number): number {
  const from = Math.max(0, to - LINE_MAX)
  const before = text.slice(from, to).lastIndexOf('\n')
  if (before >= 0) return from + before + 1
  return from === 0 ? 0 : -1
}

/** What stands between delimiters that are in no quotes. */
function cellsOf(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter)
  const cells: string[] = []
  let from = 0
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') isQuoted = !isQuoted
    else if (line[at] === delimiter && !isQuoted) {
      cells.push(line.slice(from, at))
      from = at + 1
    }
  }
  return [...cells, line.slice(from)]
}

/** A line that has numbers is one of the values. */
function titlesOf(line: string, delimiter: string): string[] | undefined {
  if (/[0-9]{4}/.test(line)) return undefined
  return cellsOf(line, delimiter).map((cell) => (cell.length > TITLE_MAX ? '' : asWords(cell)))
}
