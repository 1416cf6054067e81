import { isUtf8 } from 'node:buffer'
import { behindEscape } from '../detectors/characters.ts'
import { type CompiledPolicy, ENCODED_ANCHOR_ID } from '../scanner/compile.ts'
import type { AnchorHits } from '../scanner/scan.ts'
import type { Span } from '../spans.ts'

/** Characters of one base64 text that are decoded; a longer one is looked at as far as this. */
const RUN_MAX = 256 * 1024
/** Shorter ones hold nothing that a rule could tell. */
const RUN_MIN = 24
/** Characters decoded first: what is no text there is no text at all, as with images and digests. */
const PROBE = 48
const CONTROL_SHARE_MAX = 0.02
export const ENCODED_RULE = 'encoded-secret'

/**
 * Base64 text (data URLs, attachments, Kubernetes secrets; RFC 4648 sections 4 and 5, and in lines as RFC 2045 has them) in which
 * something is found once it is decoded. It goes as a whole: a token inside of it could not be matched without decoding again.
 * Each stretch of the text is looked at once.
 */
export function findInEncoded(policy: CompiledPolicy, text: string, hits: AnchorHits, find: (decoded: string) => readonly Span[]): Span[] {
  const spans: Span[] = []
  let examinedTo = 0
  for (let hit = 0; hit < hits.length; hit += 2) {
    const at = hits[hit] as number
    if (at <= examinedTo || !policy.automaton.acceptedIn(hits[hit + 1] as number).some(({ id }) => id === ENCODED_ANCHOR_ID)) continue
    let start = at - 1
    while (start > examinedTo && isBase64(text.charCodeAt(start - 1))) start--
    start = Math.min(behindEscape(text, start), at)
    const run = readRun(text, start)
    examinedTo = run.end
    const decoded = decodeText(run.characters)
    if (decoded === undefined || find(decoded).length === 0) continue
    spans.push({ start, end: run.end, rule: ENCODED_RULE, rank: policy.fieldRank, value: text.slice(start, run.end), quote: '' })
  }
  return spans
}

const isBase64 = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x61 && code <= 0x7a) ||
  code === 0x2b ||
  code === 0x2f ||
  code === 0x2d ||
  code === 0x5f

/** The run that begins at `start`, over line breaks behind full lines. */
function readRun(text: string, start: number): { readonly characters: string; readonly end: number } {
  let characters = ''
  let end = start
  let lineStart = start
  const limit = Math.min(text.length, start + RUN_MAX)
  for (;;) {
    while (end < limit && isBase64(text.charCodeAt(end))) end++
    characters += text.slice(lineStart, end)
    const length = end - lineStart
    const broken = text.startsWith('\r\n', end)
      ? 2
      : text[end] === '\n'
        ? 1
        : text.startsWith('\\r\\n', end)
          ? 4
          : text.startsWith('\\n', end)
            ? 2
            : 0
    if (broken === 0 || (length !== 64 && length !== 76) || !isBase64(text.charCodeAt(end + broken))) break
    end += broken
    lineStart = end
  }
  while (end - lineStart < RUN_MAX && text[end] === '=') end++
  return { characters, end }
}

function decodeText(characters: string): string | undefined {
  if (characters.length < RUN_MIN || isHex(characters) || !isText(Buffer.from(characters.slice(0, PROBE), 'base64'), true)) return undefined
  const bytes = Buffer.from(characters, 'base64')
  return isText(bytes, false) ? bytes.toString() : undefined
}

const isHex = (characters: string): boolean => characters.length <= 128 && /^[0-9a-f]+$/.test(characters)

function isText(bytes: Buffer, isCut: boolean): boolean {
  // A probe may end in the middle of a character.
  const whole = isCut ? bytes.subarray(0, bytes.length - 3) : bytes
  let end = whole.length
  while (isCut && end > 0 && (whole[end - 1] ?? 0) >= 0x80) end--
  const sure = whole.subarray(0, end)
  if (!isUtf8(sure)) return false
  let controls = 0
  for (const byte of sure) if ((byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f) controls++
  return controls <= sure.length * CONTROL_SHARE_MAX
}
