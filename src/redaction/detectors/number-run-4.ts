import { MORE_RUN_WORDS_4, NATIONAL_KINDS_4 } from '../rules/national-4.ts'
import { wordsExpression } from '../scanner/context.ts'
import type { Detector } from '../text-view.ts'
import { isDigit } from './characters.ts'
import { columnTitle } from './column-title.ts'
import { NUMBER_CHECKS_4 } from './national-ids-4.ts'
import { contextOf4, isAlone, type RunKind, titledKind } from './number-run.ts'

const KINDS = new Map<number, RunKind[]>()
for (const { name, words, runs = [] } of [...MORE_RUN_WORDS_4, ...NATIONAL_KINDS_4])
  for (const length of runs) {
    const kind = { rule: name, check: NUMBER_CHECKS_4[name] ?? (() => false), near: wordsExpression(words) }
    KINDS.set(length, [...(KINDS.get(length) ?? []), kind])
  }
const LONGEST = Math.max(...KINDS.keys())

/** Words of which one must stand near. */
export const numberRunWords4 = (rule: string): readonly string[] => [
  ...new Set([...MORE_RUN_WORDS_4, ...NATIONAL_KINDS_4].flatMap(({ name, words }) => (name === rule ? words : []))),
]

/** A run of digits, by itself, that is somebody's number: of the kinds and by the words that number-run.ts does not know. */
export const detectNumberRun4: Detector = (view, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  const { text } = view
  let end = anchorEnd
  while (end - start <= LONGEST && isDigit(text.charCodeAt(end))) end++
  const kinds = KINDS.get(end - start)
  if (kinds === undefined || !isAlone(text, start, end)) return undefined
  const digits = text.slice(start, end)
  let context: string | undefined
  for (const { rule, check, near } of kinds) {
    if (!check(digits)) continue
    context ??= contextOf4(view, start, end)
    if (near?.test(context) === true) return { start, end, rule }
  }
  return context === undefined ? undefined : titledKind(kinds, digits, columnTitle(view, start), { start, end })
}
