import type { FileWindow } from './file-window.ts'
import { type CommonHeader, HEADER_MAX_BYTES, parseHeader, SKIPPABLE_PREFIX_BYTES, skippableLength, TAG } from './skippable.ts'

/** A header of ours with the frame that it announces, both wholly in the file; the frame's bytes are not looked at. */
export interface ScannedFrame {
  readonly type: 'frame'
  readonly header: CommonHeader
  /** Of the skippable frame. */
  readonly offset: number
  readonly frameOffset: number
  readonly end: number
}

/** Bytes that are none of ours with whole frames after them. */
export interface ScannedDamage {
  readonly type: 'damage'
  readonly offset: number
  readonly end: number
}

/** A skippable frame of somebody else, or padding. */
export interface ScannedForeign {
  readonly type: 'foreign'
  readonly offset: number
  readonly end: number
}

/** Bytes at the end that are not a whole frame: being written, or torn. */
export interface ScannedTail {
  readonly type: 'tail'
  readonly offset: number
  readonly end: number
}

const SEARCH_BYTES = 1024 * 1024

export type Scanned = ScannedFrame | ScannedForeign | ScannedDamage | ScannedTail

/** Walks header after header. */
export function* scanFrames(window: FileWindow, from: number, fileBytes: number): Generator<Scanned, void, void> {
  let at = from
  while (at < fileBytes) {
    const found = frameAt(window, at, fileBytes)
    if (found !== undefined) {
      yield found
      at = found.end
      continue
    }
    const next = nextFrame(window, at + 1, fileBytes)
    if (next === undefined) {
      yield { type: 'tail', offset: at, end: fileBytes }
      return
    }
    yield { type: 'damage', offset: at, end: next }
    at = next
  }
}

function frameAt(window: FileWindow, at: number, fileBytes: number): ScannedFrame | ScannedForeign | undefined {
  const prefix = window.read(at, SKIPPABLE_PREFIX_BYTES)
  const length = skippableLength(prefix, 0)
  if (length === undefined) return undefined
  const frameOffset = at + SKIPPABLE_PREFIX_BYTES + length
  if (frameOffset > fileBytes) return undefined
  const content = Buffer.from(window.read(at + SKIPPABLE_PREFIX_BYTES, Math.min(length, HEADER_MAX_BYTES)))
  const header = parseHeader(content)
  if (header === 'foreign') return { type: 'foreign', offset: at, end: frameOffset }
  if (header === 'bad' || length > HEADER_MAX_BYTES) return undefined
  const end = frameOffset + header.frameBytes
  return end > fileBytes ? undefined : { type: 'frame', header, offset: at, frameOffset, end }
}

/** Where the next whole frame of ours begins, looking for its tag. */
function nextFrame(window: FileWindow, from: number, fileBytes: number): number | undefined {
  for (let at = from; at < fileBytes; at += SEARCH_BYTES) {
    // A copy: looking at a candidate moves the window. The overlap finds a tag across the border.
    const bytes = Buffer.from(window.read(at, SEARCH_BYTES + SKIPPABLE_PREFIX_BYTES + TAG.length))
    for (let tag = bytes.indexOf(TAG, SKIPPABLE_PREFIX_BYTES, 'latin1'); tag !== -1; tag = bytes.indexOf(TAG, tag + 1, 'latin1')) {
      const start = at + tag - SKIPPABLE_PREFIX_BYTES
      if (frameAt(window, start, fileBytes)?.type === 'frame') return start
    }
  }
  return undefined
}
