import type { Detector } from '../text-view.ts'

const LOCAL = '[A-Za-z0-9._%+-]{1,64}'
const LABEL = '[A-Za-z0-9-]{1,63}'
const AT = '(?:\\s{0,2}[(\\[{<]\\s?at\\s?[)\\]}>]\\s{0,2}|\\s{0,2}[(\\[{<]@[)\\]}>]\\s{0,2}|&#64;|&#x40;|&commat;)'
const DOT = '(?:\\s{0,2}[(\\[{<]\\s?(?:dot|\\.)\\s?[)\\]}>]\\s{0,2}|\\.|\\sdot\\s|\\sDOT\\s)'
const SPELLED = new RegExp(
  `${LOCAL}(?:${AT}${LABEL}(?:${DOT}${LABEL}){0,3}${DOT}|\\sAT\\s${LABEL}(?:\\sDOT\\s${LABEL}){0,3}\\sDOT\\s)[A-Za-z]{2,24}(?![A-Za-z0-9])`,
  'gi',
)
const BRACKETED_DOT = new RegExp(`${LOCAL}@${LABEL}(?:\\s{0,2}[(\\[{<]\\s?dot\\s?[)\\]}>]\\s{0,2}${LABEL}){1,4}`, 'gi')
const LOOK_BACK = 96
const LOOK_AHEAD = 128

/** An address written so that no program should take it for one. Found at what stands for its `@` or a dot. */
export const detectSpelledEmail: Detector = ({ text }, anchorEnd, anchorLength) => {
  const at = anchorEnd - anchorLength
  // What stands around is cheap to look at, and mostly something else.
  const before = text[at - 1] === ' ' ? at - 2 : at - 1
  if (!/[A-Za-z0-9]/.test(text[before] ?? '') && !/[.\]})>]/.test(text[before] ?? '')) return undefined
  if (
    !/^\s{0,2}[A-Za-z0-9]/.test(text.slice(anchorEnd - 1, anchorEnd + 3)) &&
    !/^[)\]}>;]\s{0,2}[A-Za-z0-9]/.test(text.slice(anchorEnd - 1, anchorEnd + 4))
  )
    return undefined
  const from = Math.max(0, at - LOOK_BACK)
  const near = text.slice(from, anchorEnd + LOOK_AHEAD)
  for (const form of [SPELLED, BRACKETED_DOT]) {
    for (const match of near.matchAll(form)) {
      const start = from + match.index
      const end = start + match[0].length
      if (start >= at || end < anchorEnd) continue
      // `look at me dot com`: in small letters and without brackets it is a sentence.
      if (/\sat\s/i.test(match[0]) && !/\sAT\s/.test(match[0]) && !/[([{<]\s?(?:at|@)/i.test(match[0])) continue
      return { start, end }
    }
  }
  return undefined
}
