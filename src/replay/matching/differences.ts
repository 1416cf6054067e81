import type { FieldDifference } from '../../schemas/index.ts'
import { parseJson } from '../../schemas/index.ts'

const MAX_DIFFERENCES = 20
const MAX_TEXT = 160
/** Nodes visited before the walk gives up: two long documents that differ everywhere need no whole listing. */
const MAX_VISITS = 100_000

/**
 * Names the fields in which two values differ, as JSON pointers, in member order, at most `MAX_DIFFERENCES` of them.
 * Takes the texts that matching compares, so what it prints is redacted.
 */
export function differencesOf(recordedText: string, replayedText: string): FieldDifference[] {
  if (recordedText === replayedText) return []
  const found: FieldDifference[] = []
  const open: { path: string; recorded: unknown; replayed: unknown }[] = [
    { path: '', recorded: parseJson(recordedText), replayed: parseJson(replayedText) },
  ]
  for (let visits = 0; open.length > 0 && found.length < MAX_DIFFERENCES && visits < MAX_VISITS; visits++) {
    const next = open.pop()
    if (next === undefined) break
    const { path, recorded, replayed } = next
    if (isContainer(recorded) && isContainer(replayed) && Array.isArray(recorded) === Array.isArray(replayed)) {
      // Pushed in reverse, so that the first member is compared first.
      for (const key of keysOf(recorded, replayed).reverse()) {
        open.push({ path: `${path}/${escapePointer(key)}`, recorded: memberOf(recorded, key), replayed: memberOf(replayed, key) })
      }
    } else if (!Object.is(recorded, replayed)) {
      found.push({ path, ...shortened(recorded, replayed) })
    }
  }
  return found
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null
}

function keysOf(recorded: object, replayed: object): string[] {
  const keys = Object.keys(recorded)
  for (const key of Object.keys(replayed)) if (!Object.hasOwn(recorded, key)) keys.push(key)
  return keys
}

/** `undefined` stands for "has no such member": JSON holds no undefined. */
function memberOf(container: Record<string, unknown> | unknown[], key: string): unknown {
  return Object.hasOwn(container, key) ? (container as Record<string, unknown>)[key] : undefined
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Both sides, cut so that the first place where two long strings part is in view. */
function shortened(recorded: unknown, replayed: unknown): Omit<FieldDifference, 'path'> {
  const left = recorded === undefined ? undefined : JSON.stringify(recorded)
  const right = replayed === undefined ? undefined : JSON.stringify(replayed)
  const from = left === undefined || right === undefined ? 0 : windowStart(left, right)
  return {
    ...(left === undefined ? {} : { recorded: excerpt(left, from) }),
    ...(right === undefined ? {} : { replayed: excerpt(right, from) }),
  }
}

function windowStart(left: string, right: string): number {
  if (Math.max(left.length, right.length) <= MAX_TEXT) return 0
  let same = 0
  while (same < left.length && same < right.length && left.charCodeAt(same) === right.charCodeAt(same)) same++
  return Math.max(0, same - MAX_TEXT / 4)
}

function excerpt(text: string, from: number): string {
  const cut = text.slice(from, from + MAX_TEXT)
  // A window may open or close inside a surrogate pair; toWellFormed keeps the verdict valid UTF-8.
  return `${from > 0 ? '…' : ''}${cut.toWellFormed()}${from + MAX_TEXT < text.length ? '…' : ''}`
}
