import type { Detector } from '../text-view.ts'
import { isAlnum } from './characters.ts'

/** RFC 7468 and its elders, OpenPGP armour (RFC 9580 section 6.2), SSH2 (RFC 4716). */
const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 [A-Z ]{0,20}PRIVATE KEY ----/y
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|---- END SSH2 [A-Z ]{0,20}PRIVATE KEY ----/y
const KEY_MATERIAL = /[A-Za-z0-9+/=]{20}/
/** More than the longest keys in use (an OpenPGP block with many subkeys). */
const BODY_MAX = 64 * 1024
/** Armour lines have 64 to 76 characters, the last one fewer. */
const FULL_LINE = 40

/**
 * A private key in PEM armour, with real line breaks or written-out ones, quoted line by line or not. Where the end is
 * missing (a text cut short), as far as the key's lines go.
 */
export const detectPrivateKey: Detector = (view, anchorEnd, anchorLength) => {
  const { text } = view
  const start = anchorEnd - anchorLength
  BEGIN.lastIndex = start
  if (!BEGIN.test(text)) return undefined
  const bodyStart = BEGIN.lastIndex
  const ssh2 = text.startsWith('---- ', start)
  const armourEnd = view.indexFrom(ssh2 ? '---- END SSH2' : '-----END', bodyStart)
  if (armourEnd >= 0 && armourEnd - bodyStart <= BODY_MAX) {
    const nextBegin = view.indexFrom(ssh2 ? '---- BEGIN SSH2' : '-----BEGIN', bodyStart)
    END.lastIndex = armourEnd
    if ((nextBegin < 0 || nextBegin > armourEnd) && END.test(text)) {
      // Between two constants of a program that reads keys stands no key.
      return KEY_MATERIAL.test(text.slice(bodyStart, armourEnd)) ? { start, end: END.lastIndex } : undefined
    }
  }
  return cutShort(text, start, bodyStart)
}

function cutShort(text: string, start: number, bodyStart: number): { start: number; end: number } | undefined {
  let end = -1
  let index = bodyStart
  for (;;) {
    index = behindBreaks(text, index)
    const lineStart = index
    while (isBase64(text.charCodeAt(index))) index++
    const length = index - lineStart
    const isLast = length > 0 && end >= 0 && index === text.length
    if (length < FULL_LINE && !isLast) break
    end = index
    if (isLast || end - bodyStart > BODY_MAX) break
  }
  return end < 0 ? undefined : { start, end }
}

function behindBreaks(text: string, from: number): number {
  let index = from
  for (;;) {
    const char = text[index]
    if (char === '\n' || char === '\r' || char === ' ' || char === '\t') index++
    else if (char === '\\' && (text[index + 1] === 'n' || text[index + 1] === 'r')) index += 2
    else if (char === '\\' && text[index + 1] === '\\') index++
    else return index
  }
}

const isBase64 = (code: number): boolean => isAlnum(code) || code === 0x2b || code === 0x2f || code === 0x3d
