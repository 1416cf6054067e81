export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
export const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
export const isAlnum = (code: number): boolean => isDigit(code) || isLetter(code)
export const isHexDigit = (code: number): boolean => isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)

/** Latin with marks, Greek and Cyrillic. Scripts written without blanks are left out: a name would take its sentence along. */
export const isSpacedScriptLetter = (code: number): boolean =>
  code >= 0xc0 && (code <= 0x24f || (code >= 0x370 && code <= 0x52f)) && code !== 0xd7 && code !== 0xf7

/** Letters of scripts written without capitals, most of them without blanks: Hebrew, Arabic, Indic, Thai, Georgian, kana, Han, Hangul. */
export const isOtherScriptLetter = (code: number): boolean =>
  (code >= 0x530 && code <= 0x1fff) || (code >= 0x3041 && code <= 0x9fff && code !== 0x30fb) || (code >= 0xac00 && code <= 0xd7a3)

/**
 * The index behind an escape whose backslash or percent sign stands just before `index` (`\n`, `\u003c`, `\x3c`, `%3c`
 * written out in the text), or `index` itself where there is none.
 */
export function behindEscape(text: string, index: number): number {
  if (text.charCodeAt(index - 1) === 0x25)
    return isHexDigit(text.charCodeAt(index)) && isHexDigit(text.charCodeAt(index + 1)) ? index + 2 : index
  if (text.charCodeAt(index - 1) !== 0x5c) return index
  const letter = text[index]
  if (letter === 'u' && /^[0-9A-Fa-f]{4}$/.test(text.slice(index + 1, index + 5))) return index + 5
  if (letter === 'x' && /^[0-9A-Fa-f]{2}$/.test(text.slice(index + 1, index + 3))) return index + 3
  return letter !== undefined && 'nrtbfv0'.includes(letter) ? index + 1 : index
}
