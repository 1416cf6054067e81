import type { Span } from '../spans.ts'
import { unescapeJson } from './json-strings.ts'
import { type JsonToken, type JsonVisitor, walkJson } from './json-walk.ts'

/**
 * A stream is recorded as the list of its chunks, and a chunk may end in the middle of an address: `bob`, `@exam`,
 * `ple.com`. So strings that stand at the same place of consecutive elements are also read as one text.
 */

/** Chunks of a stream are short. Longer pieces are texts of their own, which do not go on in the next one. */
const AVERAGE_PIECE_MAX = 64
const PIECES_MIN = 2
/** A list of only two objects is that of two messages far more often than that of two chunks, which are short. */
const PAIR_MAX_UNITS = 2048

/** A match in the text that pieces make together. */
export interface SeriesMatch {
  /** In offsets of the joined text. */
  readonly span: Span
  /** Ascending, at least one; offsets within each piece. The token goes where the first part was, the others are dropped. */
  readonly parts: readonly { readonly piece: number; readonly start: number; readonly end: number }[]
}

/** What providers call the part of a chunk that goes on in the next one, whatever its length: Gemini's have a hundred letters and more. */
const STREAM_PLACE = /\/(?:choices|candidates|delta|contentBlockDelta)(?:\/|$)/

/**
 * Matches in the text that the pieces of a series make together, where they are the pieces of a text.
 *
 * @param place where each stands in its element, if that is to say something
 */
export function findInSeries(
  pieces: readonly string[],
  piecesMin: number,
  find: (joined: string) => readonly Span[],
  place = '',
): SeriesMatch[] {
  if (pieces.length < piecesMin) return []
  const joined = pieces.join('')
  if (joined.length > pieces.length * AVERAGE_PIECE_MAX) return STREAM_PLACE.test(place) ? findAcross(pieces, find) : []
  // Ids, models and types stand in every chunk.
  if (pieces.every((piece) => piece === pieces[0])) return []
  const lengthOf = (piece: number): number => pieces[piece]?.length ?? 0
  const matches: SeriesMatch[] = []
  let piece = 0
  let pieceStart = 0
  for (const span of find(joined)) {
    while (pieceStart + lengthOf(piece) <= span.start) pieceStart += lengthOf(piece++)
    const parts: { piece: number; start: number; end: number }[] = []
    for (let index = piece, from = pieceStart; from < span.end; from += lengthOf(index++)) {
      if (lengthOf(index) > 0)
        parts.push({ piece: index, start: Math.max(0, span.start - from), end: Math.min(lengthOf(index), span.end - from) })
    }
    matches.push({ span, parts })
  }
  return matches
}

/** So much of either side of a seam is looked at. */
const SEAM_UNITS = 2048

/** As `findInSeries`, of parts of any length: where the pieces are long, only what crosses from one into the next. */
export function findInParts(pieces: readonly string[], find: (joined: string) => readonly Span[]): SeriesMatch[] {
  const isShort = pieces.reduce((sum, piece) => sum + piece.length, 0) <= pieces.length * AVERAGE_PIECE_MAX
  return isShort ? findInSeries(pieces, PIECES_MIN, find) : findAcross(pieces, find)
}

/** What crosses from one piece into the next. */
function findAcross(pieces: readonly string[], find: (joined: string) => readonly Span[]): SeriesMatch[] {
  const matches: SeriesMatch[] = []
  for (let piece = 0; piece + 1 < pieces.length; piece++) {
    const [left = '', right = ''] = [pieces[piece], pieces[piece + 1]]
    const tail = left.slice(-SEAM_UNITS)
    const behind = left.length - tail.length
    for (const span of find(tail + right.slice(0, SEAM_UNITS))) {
      if (span.start >= tail.length || span.end <= tail.length) continue
      const parts = [
        { piece, start: behind + span.start, end: left.length },
        { piece: piece + 1, start: 0, end: span.end - tail.length },
      ]
      matches.push({ span, parts })
    }
  }
  return matches
}

/** Members of a message's parts that hold its text. */
const PART_MEMBERS: ReadonlySet<string> = new Set(['text', 'content', 'arguments', 'partial_json', 'delta'])

/** Without any of these, a text has no objects side by side that begin as the parts of a message do, by their `type` or `text`. */
export const PART_MARKS = ['},{"t', '}, {"t'] as const
/** A cheap first look for them. */
export const looksLikeParts = (text: string): boolean => PART_MARKS.some((mark) => text.indexOf(mark) > 0)

const SHORT_STRINGS = /\[\s{0,8}"(?:[^"\\]|\\.){0,128}"\s{0,8},\s{0,8}"/y

/**
 * A cheap first look, for every JSON text that comes by: a list of short strings, or of objects (or lists) of which some begin alike?
 *
 * @param isSpaced also where blanks stand between the elements, as Python writes JSON and as people have it printed
 * @param isLater also where the first elements are of another kind, and where elements are lists
 */
export function looksLikeChunks(text: string, isSpaced: boolean, isLater = false): boolean {
  if (text.charCodeAt(0) !== 0x5b) return false
  let first = 1
  if (isSpaced) while (isJsonBlank(text.charCodeAt(first))) first++
  const opening = text.charCodeAt(first)
  // Lists whose first element is a word that says what the rest is, as LangGraph streams them.
  if (opening === 0x7b || (isLater && opening === 0x5b && text.charCodeAt(first + 1) === 0x22)) {
    const recurs = (beginning: string, from: number): boolean => {
      const second = text.indexOf(beginning, from)
      return second > 0 && (text.length <= PAIR_MAX_UNITS || text.indexOf(beginning, second + 1) > 0)
    }
    if (recurs(isSpaced ? text.slice(first, first + 8) : `,${text.slice(1, 9)}`, first + 1)) return true
    if (!isLater) return false
    // One byte a unit: only ASCII is looked for.
    const head = Buffer.from(text.slice(0, first + OTHER_CHUNKS_UNITS).replace(/[^\0-\x7f]/g, '.'), 'latin1')
    return laterElements(head, first).some((start) => recurs(text.slice(start, start + 8), start + 1))
  }
  SHORT_STRINGS.lastIndex = 0
  return SHORT_STRINGS.test(text)
}

/** A stream may begin with chunks of another kind: who speaks, which run it is. So many of them, which are short. */
const OTHER_CHUNKS_MAX = 4
const OTHER_CHUNKS_UNITS = 320

/** Where the elements behind the first begin, of a list of objects whose first begins at `first`: a few, near its beginning. */
function laterElements(bytes: Uint8Array, first: number): number[] {
  const starts: number[] = []
  const end = Math.min(bytes.length, first + OTHER_CHUNKS_UNITS)
  let depth = 0
  for (let at = first; at < end && depth >= 0 && starts.length < OTHER_CHUNKS_MAX; at++) {
    const code = bytes[at]
    if (code === 0x22) {
      while (++at < end && bytes[at] !== 0x22) if (bytes[at] === 0x5c) at++
    } else if (code === 0x7b || code === 0x5b) {
      if (depth++ === 0 && at > first) starts.push(at)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return starts
}

/** Whether `looksLikeChunks` may hold for the text of these bytes; it may say yes too often. */
export function mayLookLikeChunks(bytes: Buffer): boolean {
  let first = 1
  while (isJsonBlank(bytes[first] ?? 0)) first++
  // What begins otherwise is rare, and is looked at as text.
  if (bytes[first] !== 0x7b) return true
  const recurs = (start: number): boolean => {
    const beginning = bytes.subarray(start, start + 8)
    const second = bytes.indexOf(beginning, start + 1)
    // A unit takes three bytes at the most.
    return second > 0 && (bytes.length <= PAIR_MAX_UNITS * 3 || bytes.indexOf(beginning, second + 1) > 0)
  }
  return recurs(first) || laterElements(bytes, first).some(recurs)
}

const isJsonBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/** The strings of a list's elements by place, in order: `/choices/0/delta/content` in the first, the second, … */
export function collectSeries(
  jsonText: string,
): { readonly place: string; readonly tokens: readonly JsonToken[]; readonly pieces: readonly string[] }[] {
  const collector = new SeriesCollector(jsonText)
  if (!walkJson(jsonText, collector)) return []
  const all: { place: string; tokens: readonly JsonToken[]; pieces: readonly string[] }[] = []
  for (const [place, tokens] of collector.series) {
    const pieces = tokens.length < PIECES_MIN ? [] : tokens.map(({ start, end }) => unescapeJson(jsonText.slice(start, end)))
    if (pieces.length > 0 && pieces.every((piece) => piece !== undefined)) all.push({ place, tokens, pieces })
  }
  return all
}

/** The texts of parts that stand side by side in some list, whatever it stands in: the `text` of each part of a message. */
export function collectParts(jsonText: string): { readonly tokens: readonly JsonToken[]; readonly pieces: readonly string[] }[] {
  const collector = new PartsCollector(jsonText)
  if (!walkJson(jsonText, collector)) return []
  const all: { tokens: readonly JsonToken[]; pieces: readonly string[] }[] = []
  for (const tokens of collector.runs) {
    const pieces = tokens.length < PIECES_MIN ? [] : tokens.map(({ start, end }) => unescapeJson(jsonText.slice(start, end)))
    if (pieces.length > 0 && pieces.every((piece) => piece !== undefined)) all.push({ tokens, pieces })
  }
  return all
}

class PartsCollector implements JsonVisitor {
  /** Each of elements that follow one another. */
  readonly runs: JsonToken[][] = []
  readonly #text: string
  /** `runs`: of a list, by member, the run that goes on and the element it has reached. */
  readonly #open: { readonly isList: boolean; key: string; index: number; runs?: Map<string, { tokens: JsonToken[]; index: number }> }[] =
    []

  constructor(text: string) {
    this.#text = text
  }
  open(isList: boolean): void {
    this.#enter()
    this.#open.push({ isList, key: '', index: -1 })
  }
  close(): void {
    this.#open.pop()
  }
  key({ start, end }: JsonToken): void {
    const container = this.#open.at(-1)
    if (container !== undefined) container.key = end - start > 16 ? '' : this.#text.slice(start, end)
  }
  string(token: JsonToken): void {
    this.#enter()
    const part = this.#open.at(-1)
    const list = this.#open.at(-2)
    if (part === undefined || part.isList || list?.isList !== true || !PART_MEMBERS.has(part.key)) return
    const known = (list.runs ??= new Map()).get(part.key)
    if (known !== undefined && known.index === list.index - 1) {
      known.tokens.push(token)
      known.index = list.index
    } else {
      const tokens = [token]
      this.runs.push(tokens)
      list.runs.set(part.key, { tokens, index: list.index })
    }
  }
  number(): void {
    this.#enter()
  }
  #enter(): void {
    const container = this.#open.at(-1)
    if (container?.isList === true) container.index++
  }
}

class SeriesCollector implements JsonVisitor {
  readonly series = new Map<string, JsonToken[]>()
  readonly #text: string
  readonly #open: { readonly isList: boolean; readonly path: string; key: string; index: number }[] = []

  constructor(text: string) {
    this.#text = text
  }
  open(isList: boolean): void {
    this.#open.push({ isList, path: this.#nextPlace(), key: '', index: 0 })
  }
  close(): void {
    this.#open.pop()
  }
  key({ start, end }: JsonToken): void {
    const container = this.#open.at(-1)
    if (container !== undefined) container.key = this.#text.slice(start, end)
  }
  string(token: JsonToken): void {
    const place = this.#nextPlace()
    const known = this.series.get(place)
    if (known === undefined) this.series.set(place, [token])
    else known.push(token)
  }
  number(): void {
    this.#nextPlace()
  }

  /** Place of the value that comes now. Elements of the outermost list all have the same. */
  #nextPlace(): string {
    const container = this.#open.at(-1)
    if (container === undefined) return ''
    if (this.#open.length === 1 && container.isList) return '*'
    return `${container.path}/${container.isList ? container.index++ : container.key}`
  }
}

/** Where a string stands in a value. */
export interface Leaf {
  readonly holder: object
  readonly key: string | number
}

/** The same for values: strings under plain objects and lists, by place within the elements of the list. */
export function collectValueSeries(
  list: readonly unknown[],
  maxDepth: number,
): { readonly place: string; readonly leaves: readonly Leaf[]; readonly pieces: readonly string[] }[] {
  const series = new Map<string, { place: string; leaves: Leaf[]; pieces: string[] }>()
  const visit = (value: unknown, holder: object, key: string | number, place: string, depth: number): void => {
    if (typeof value === 'string') {
      let known = series.get(place)
      if (known === undefined) series.set(place, (known = { place, leaves: [], pieces: [] }))
      known.leaves.push({ holder, key })
      known.pieces.push(value)
    } else if (typeof value === 'object' && value !== null && depth < maxDepth) {
      if (Array.isArray(value)) for (const [index, held] of value.entries()) visit(held, value, index, `${place}/${index}`, depth + 1)
      else if (isPlain(value)) for (const [name, held] of Object.entries(value)) visit(held, value, name, `${place}/${name}`, depth + 1)
    }
  }
  for (const [index, held] of list.entries()) visit(held, list, index, '*', 1)
  return [...series.values()].filter(({ pieces }) => pieces.length >= PIECES_MIN)
}

/** Texts of parts that stand side by side in a list: objects that begin with their `type` or `text`, as the parts of a message do. */
export function collectValueParts(list: readonly unknown[]): { readonly leaves: readonly Leaf[]; readonly pieces: readonly string[] }[] {
  const runs: { leaves: Leaf[]; pieces: string[]; next: number; key: string }[] = []
  for (const [index, part] of list.entries()) {
    if (typeof part !== 'object' || part === null || Array.isArray(part) || !isPlain(part)) continue
    const keys = Object.keys(part)
    if (keys[0] !== 'type' && keys[0] !== 'text') continue
    for (const key of keys) {
      const held = PART_MEMBERS.has(key) ? (part as Record<string, unknown>)[key] : undefined
      if (typeof held !== 'string') continue
      const open = runs.find((run) => run.next === index && run.key === key)
      if (open === undefined) runs.push({ leaves: [{ holder: part, key }], pieces: [held], next: index + 1, key })
      else {
        open.leaves.push({ holder: part, key })
        open.pieces.push(held)
        open.next = index + 1
      }
    }
    if (runs.length > MAX_OPEN_RUNS) runs.splice(0, runs.length, ...runs.filter((run) => run.pieces.length > 1 || run.next > index))
  }
  return runs.filter(({ pieces }) => pieces.length >= PIECES_MIN)
}
const MAX_OPEN_RUNS = 64

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Whether a value is a list that may be the chunks of a stream. */
export function mayBeChunks(value: unknown): value is readonly unknown[] {
  return (
    Array.isArray(value) &&
    value.length >= PIECES_MIN &&
    (typeof value[0] === 'string' || (typeof value[0] === 'object' && value[0] !== null))
  )
}
