import { types } from 'node:util'
import { decodeValue, parseJson } from '../../schemas/index.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'

/** Shorter texts are in everything. */
const MIN_LENGTH = 4
/** A text within another, or one cut out of another, says something from this length on. */
const MIN_PART_LENGTH = 10
const MAX_TEXTS = 500
const MAX_VISITS = 50_000

/**
 * Follows values through a recording: which requests have something in them of results that will be other ones. It goes by text alone, so
 * it sees what a program passes on and not what it works out from it.
 */
export class Influence {
  readonly #recording: Recording
  /** Texts and numbers of what is no more. */
  readonly #gone = new Set<string>()
  /** What the program had before, or has still: finding it says nothing. */
  readonly #kept = new Set<string>()

  constructor(recording: Recording) {
    this.#recording = recording
  }

  inputOf(node: LineageNode): unknown {
    return this.#read(node, 'input')
  }

  outputOf(node: LineageNode): unknown {
    return this.#read(node, 'output')
  }

  /** These values are there in any case. */
  keep(values: readonly unknown[]): void {
    for (const text of leavesOf(values)) this.#kept.add(text)
  }

  /** These values are no more. */
  replace(values: readonly unknown[]): void {
    for (const text of leavesOf(values)) if (this.#gone.size < MAX_TEXTS && !this.#kept.has(text)) this.#gone.add(text)
  }

  /** Whether the step's recorded request has something of what is no more. */
  reaches(node: LineageNode): boolean {
    if (this.#gone.size === 0) return false
    for (const text of leavesOf([this.inputOf(node)])) {
      if (this.#gone.has(text)) return true
      if (text.length < MIN_PART_LENGTH || this.#kept.has(text)) continue
      for (const gone of this.#gone) if (gone.length >= MIN_PART_LENGTH && (text.includes(gone) || gone.includes(text))) return true
    }
    return false
  }

  #read(node: LineageNode, role: 'input' | 'output'): unknown {
    try {
      const payload = this.#recording.payloadOf(node.record, role)
      return payload.state === 'present' ? decodeValue(payload.mediaType, payload.data) : undefined
    } catch {
      // It cannot be read: nothing can be said of it.
      return undefined
    }
  }
}

/** The texts, and the numbers of some length, in a value; of a text that is JSON, as arguments of tools are, those in it too. */
function leavesOf(values: readonly unknown[]): Set<string> {
  const found = new Set<string>()
  const open: unknown[] = [...values]
  for (let visits = 0; open.length > 0 && visits < MAX_VISITS; visits++) {
    const value = open.pop()
    if (typeof value === 'string') {
      const text = value.trim()
      if (text.length >= MIN_LENGTH) found.add(text)
      const inner = /^[[{"]/.test(text) ? parsed(text) : undefined
      if (inner !== undefined && inner !== value) open.push(inner)
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      if (String(value).length >= MIN_LENGTH) found.add(String(value))
    } else if (types.isMap(value) || types.isSet(value)) open.push(...value)
    else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) open.push(...Object.values(value))
  }
  return found
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
