import { numberRunWords } from '../detectors/number-run.ts'
import { numberRunWords4 } from '../detectors/number-run-4.ts'
import type { RuleData } from '../rule.ts'
import { asWords } from '../scanner/words.ts'
import type { Stretch, TextView } from '../text-view.ts'

/** What spoke for a finding. Words are those of the rule, never those of the text. */
export interface Evidence {
  /** Name of the detector or check, see RuleData; absent where the form was enough. */
  readonly proof?: string
  /** Words of the rule that stand near. */
  readonly words?: readonly string[]
}

export type Refusal = 'check' | 'no-word' | 'other-word'

/** A stretch that a rule looked at and let go. */
export interface LetGo extends Evidence {
  readonly rule: string
  readonly start: number
  readonly end: number
  readonly why: Refusal
}

/** Told by traced rules of what they let go. `view` is the text that they looked at: the whole, or something decoded from it. */
export type Trace = (view: TextView, letGo: LetGo) => void

const BEFORE = 64
const BEHIND = 24

const isBeside = (word: string, words: string): boolean => {
  const stem = word.endsWith('*') ? word.slice(0, -1) : word
  for (let at = words.indexOf(stem); at >= 0; at = words.indexOf(stem, at + 1)) {
    const isWhole = word.endsWith('*') || !/[a-z]/.test(words[at + stem.length] ?? ' ')
    if (isWhole && !/[a-z]/.test(words[at - 1] ?? ' ')) return true
  }
  return false
}

/** Which of a rule's words stand around a stretch: see context.ts, which decides by them. */
export function wordsBeside(words: readonly string[], { text, field }: TextView, start: number, end: number): string[] {
  const around = [field, text.slice(Math.max(0, start - BEFORE), start), text.slice(end, end + BEHIND)].map(asWords).join(' | ')
  return words.filter((word) => isBeside(word, around))
}

function runWords({ detector }: RuleData, kind: string): readonly string[] | undefined {
  if (detector === 'number-run') return numberRunWords(kind)
  return detector === 'number-run-4' ? numberRunWords4(kind) : undefined
}

/** `kind`: the name under which the detector gave it. */
export function evidenceOf(rule: RuleData, view: TextView, { start, end, rule: kind }: Stretch): Evidence {
  const proof = rule.check ?? rule.detector
  const words = rule.near ?? (kind === undefined ? undefined : runWords(rule, kind))
  return { ...(proof !== undefined && { proof }), ...(words !== undefined && { words: wordsBeside(words, view, start, end) }) }
}

/** Why the surroundings spoke against it. */
export function refusedByWords(rule: RuleData, view: TextView, start: number, end: number): LetGo {
  const lowering = wordsBeside(rule.unless ?? [], view, start, end)
  const isRaised = rule.near === undefined || wordsBeside(rule.near, view, start, end).length > 0
  return isRaised || lowering.length > 0
    ? { rule: rule.name, start, end, why: 'other-word', words: lowering }
    : { rule: rule.name, start, end, why: 'no-word', words: rule.near ?? [] }
}
