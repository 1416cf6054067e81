import { asWords, wordsExpression } from '../scanner/context.ts'
import type { Detector } from '../text-view.ts'
import { isAlnum, isDigit } from './characters.ts'
import { ID_CHECKS } from './national-ids.ts'

/** Words in their own scripts for numbers that are digits alone, beside those of number-run.ts. */
const KINDS: ReadonlyMap<number, readonly (readonly [rule: string, near: RegExp])[]> = new Map(
  (
    [
      [9, 'il-id', ['ת.ז', 'ת ז', 'תז', 'תעודת זהות', 'מספר זהות', 'הויה']],
      [9, 'gr-afm', ['αφμ', 'α φ μ']],
      [10, 'bg-egn', ['егн', 'единен граждански']],
      [10, 'ru-inn', ['инн']],
      [10, 'cz-rodne-cislo', ['rodne cislo', 'rodné číslo', 'rodneho cisla', 'r č', 'birth number']],
      [10, 'uk-nhs', ['nhs no*', 'nhs #']],
      [11, 'de-steuer-id', ['id nr', 'ident nr', 'identnr', 'steuernummer']],
      [11, 'ru-snils', ['снилс']],
      [12, 'ru-inn', ['инн']],
      [12, 'jp-my-number', ['マイナンバー', '個人番号']],
      [13, 'kr-rrn', ['주민등록번호', '주민번호', '외국인등록번호', 'frn', 'alien registration*']],
      [13, 'th-id', ['tnin', 'เลขประจำตัวประชาชน', 'เลขบัตรประชาชน', 'บัตรประชาชน', 'เลขประจําตัวประชาชน']],
    ] as const
  ).reduce((map, [length, rule, words]) => {
    const known = map.get(length) ?? []
    return map.set(length, [...known, [rule, wordsExpression(words)] as const])
  }, new Map<number, (readonly [string, RegExp])[]>()),
)
const BEFORE = 48

export const detectNumberRun4: Detector = ({ text, field }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  let end = anchorEnd
  while (end - start <= 14 && isDigit(text.charCodeAt(end))) end++
  const kinds = KINDS.get(end - start)
  if (kinds === undefined || isAlnum(text.charCodeAt(end)) || /[-./][0-9]/.test(text.slice(end, end + 2))) return undefined
  const digits = text.slice(start, end)
  let words: string | undefined
  for (const [rule, near] of kinds) {
    if (ID_CHECKS[rule]?.(digits) !== true) continue
    words ??= `${asWords(field)} | ${asWords(text.slice(Math.max(0, start - BEFORE), start))}`
    if (near.test(words)) return { start, end, rule }
  }
  return undefined
}
