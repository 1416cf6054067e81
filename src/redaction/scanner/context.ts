import { columnTitle } from '../detectors/column-title.ts'
import type { TextView } from '../text-view.ts'
import type { Generation } from './generation.ts'
import { asWords } from './words.ts'

const BEFORE = 64
const BEHIND = 24
const UNLESS_BEFORE = 32

/** Whether the surroundings of a match speak for it. `from` is where the pattern began, `start` and `end` are what it would replace. */
export type ContextCheck = (view: TextView, from: number, start: number, end: number) => boolean

/** Words that raise and words that lower, see RuleData.near and RuleData.unless. `readsTitles`: a title of a column raises as well. */
export function compileContext(
  near: readonly string[] | undefined,
  unless: readonly string[] | undefined,
  { leavesTokens = false, readsEscapes = false }: Pick<Generation, 'leavesTokens' | 'readsEscapes'>,
  readsTitles = false,
): ContextCheck {
  const raising = near === undefined ? undefined : wordsExpression(near)
  const lowering = unless === undefined ? undefined : wordsExpression(unless)
  return (view, from, start, end) => {
    const { text, field } = view
    if (lowering !== undefined) {
      if (lowering.test(asWords(text.slice(Math.max(0, from - UNLESS_BEFORE), start)))) return false
      // What has a name of its own in the text is not what the field is called: `{"content": "our key is …"}`.
      const isNamed = readsEscapes && start > from
      if (field !== '' && !isNamed && lowering.test(asWords(field))) return false
    }
    if (raising === undefined) return true
    if (field !== '' && raising.test(asWords(field))) return true
    if (raising.test(asWords(text.slice(Math.max(0, from - BEFORE), start)))) return true
    const behind = text.slice(end, end + BEHIND)
    if (raising.test(asWords(leavesTokens ? withoutCutToken(behind) : behind))) return true
    return readsTitles && raising.test(columnTitle(view, start))
  }
}

/** Of a token whose end is out of sight the name would be taken for a word. Since version 4. */
export const withoutCutToken = (behind: string): string => behind.replace(/<[a-z][a-z0-9-]{0,23}(?::[0-9a-f]{0,12})?$/, ' ')

export function wordsExpression(words: readonly string[]): RegExp {
  const alternatives = words.map((word) => (word.endsWith('*') ? word.slice(0, -1) : `${word}(?![a-z])`))
  return new RegExp(`(?<![a-z])(?:${alternatives.join('|')})`)
}
