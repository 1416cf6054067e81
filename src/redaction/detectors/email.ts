import type { Detector } from '../text-view.ts'
import { behindEscape, isAlnum, isOtherScriptLetter, isSpacedScriptLetter } from './characters.ts'

/** RFC 5321 section 4.5.3.1: local part and domain. */
const LOCAL_MAX = 64
const DOMAIN_MAX = 255

/** What follows the last dot of a file name rather than of a domain; none of them is a top-level domain. */
const FILE_EXTENSIONS = new Set(
  (
    'png jpg jpeg gif svg webp avif ico bmp tif tiff css scss less js mjs cjs jsx tsx json jsonl ndjson yaml yml toml html htm xml txt csv tsv ' +
    'pdf doc docx xls xlsx ppt pptx log lock map wasm exe dll bin gz tgz tar rar mp3 wav ogg mp4 webm woff ttf otf sql ini cfg conf bak tmp orig ' +
    // systemd units, whose instances stand behind an `@`
    'service slice socket scope timer mount'
  ).split(' '),
)
/** Names of objects in code, where `x@self.weight` multiplies matrices. */
const CODE_OBJECTS = new Set(['self', 'this', 'super', 'cls', 'np', 'torch', 'tf', 'jnp'])

const UNDERSCORE = 0x5f
const QUOTE = 0x22
const isLocal = (code: number): boolean =>
  isAlnum(code) || code === 0x2e || code === UNDERSCORE || code === 0x25 || code === 0x2b || code === 0x2d || isSpacedScriptLetter(code)
const isDomain = (code: number): boolean => isAlnum(code) || code === 0x2e || code === 0x2d || isSpacedScriptLetter(code)
const isForeignDomain = (code: number): boolean => isDomain(code) || isOtherScriptLetter(code)

/**
 * An e-mail address in the form people use (dot-atom at a dotted host name), `%40` for `@` included. Not: scp and shell
 * prompts (`git@host:path`, `root@host:~#`), file names (`icon@2x.png`), code (`a@self.b`, `x@y.dot(`).
 */
export const detectEmail: Detector = (view, anchorEnd) => {
  const { text } = view
  const domainStart = anchorEnd - 1
  const at = text.charCodeAt(domainStart - 1) === 0x40 ? domainStart - 1 : domainStart - 3
  const start = text.charCodeAt(at - 1) === QUOTE ? quotedStart(text, at) : localStart(text, at)
  if (start >= at) return undefined
  const end = text.charCodeAt(domainStart) === 0x5b ? literalEnd(text, domainStart) : domainEnd(text, domainStart)
  if (end < 0) return undefined

  // What stands where a surrogate has been put (RFC 2606).
  if (text.slice(domainStart, end).toLowerCase() === 'redacted.invalid') return undefined
  const local = text.slice(start, at)
  if (local === 'git' || CODE_OBJECTS.has(local)) return undefined
  const next = text.charCodeAt(end)
  if (next === 0x28 || next === UNDERSCORE) return undefined
  if (next === 0x3a && /^:(?:~|[\w.~-]{0,64}\/)/.test(text.slice(end, end + 68))) return undefined
  return { start, end }
}

/** RFC 5321 section 4.1.2: a quoted local part. Where a word stands right before, the quote closes something else. */
function quotedStart(text: string, at: number): number {
  const open = text.lastIndexOf('"', at - 2)
  if (open < 0 || at - open > LOCAL_MAX + 2 || at - open < 3) return at
  const inside = text.slice(open + 1, at - 1)
  return isAlnum(text.charCodeAt(open - 1)) || /[\r\n:{}[\]]/.test(inside) ? at : open
}

/** RFC 5321 section 4.1.3: an address in place of the domain. */
const LITERAL = /\[(?:IPv6:)?[0-9A-Fa-f:.]{3,45}\]/y
function literalEnd(text: string, domainStart: number): number {
  LITERAL.lastIndex = domainStart
  return LITERAL.test(text) ? LITERAL.lastIndex : -1
}

function localStart(text: string, at: number): number {
  const lowest = Math.max(0, at - LOCAL_MAX)
  let start = at
  if (isOtherScriptLetter(text.charCodeAt(at - 1))) {
    while (start > lowest && isOtherScriptLetter(text.charCodeAt(start - 1))) start--
    return start
  }
  while (start > lowest) {
    const code = text.charCodeAt(start - 1)
    const apostropheInName = code === 0x27 && isAlnum(text.charCodeAt(start)) && isAlnum(text.charCodeAt(start - 2)) && start < at
    if (!isLocal(code) && !apostropheInName) break
    start--
  }
  start = Math.min(at, behindEscape(text, start))
  // `to%3Dann@…`: percent escapes end the word before, but for those of characters that belong to a name.
  const local = text.slice(start, at)
  if (local.includes('%')) start += [...local.matchAll(/%(?!2[BbDdEe]|5[Ff])[0-9A-Fa-f]{2}/g)].reduce((_, match) => match.index + 3, 0)
  while (
    start < at &&
    !isAlnum(text.charCodeAt(start)) &&
    text.charCodeAt(start) !== UNDERSCORE &&
    !isSpacedScriptLetter(text.charCodeAt(start))
  )
    start++
  return start
}

function domainEnd(text: string, domainStart: number): number {
  const highest = Math.min(text.length, domainStart + DOMAIN_MAX)
  let end = domainStart
  let hasDot = false
  const belongs = isOtherScriptLetter(text.charCodeAt(domainStart)) ? isForeignDomain : isDomain
  while (end < highest && belongs(text.charCodeAt(end))) {
    if (text.charCodeAt(end) === 0x2e) {
      if (text.charCodeAt(end + 1) === 0x2e) break
      hasDot = true
    }
    end++
  }
  // Longer than a domain can be: to take a part of it would cut a word.
  if (end === highest && isDomain(text.charCodeAt(end))) return -1
  while (end > domainStart && (text.charCodeAt(end - 1) === 0x2e || text.charCodeAt(end - 1) === 0x2d)) end--
  if (!hasDot) return -1
  const labels = text.slice(domainStart, end).split('.')
  // A sentence may go on behind the domain without a blank; a version number may follow.
  while (labels.length >= 2 && !isTopLevel(labels.at(-1) ?? '')) {
    end -= (labels.pop() ?? '').length + 1
  }
  if (labels.length < 2 || labels.some((label) => label === '')) return -1
  if (labels.length === 2 && CODE_OBJECTS.has(labels[0] ?? '')) return -1
  return FILE_EXTENSIONS.has((labels.at(-1) ?? '').toLowerCase()) ? -1 : end
}

function isTopLevel(label: string): boolean {
  if (label.length < 2 || label.length > 24) return false
  if (/^xn--[a-z0-9-]{2,20}$/i.test(label)) return true
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index)
    const letter =
      (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || isSpacedScriptLetter(code) || isOtherScriptLetter(code)
    if (!letter) return false
  }
  return true
}
