import { numberRunWords } from '../detectors/number-run.ts'
import { numberRunWords4 } from '../detectors/number-run-4.ts'
import type { RuleData } from '../rule.ts'
import { wordsExpression } from './context.ts'
import { asWords } from './words.ts'

/** Names of fields whose JSON numbers may be somebody's: those that have a word for an identifier with check digits. */
export interface NumberNames {
  readonly isNamed: (field: string) => boolean
  /** The rules of such identifiers. */
  readonly rules: ReadonlySet<string>
}

const CACHE_ENTRIES = 4096
/** Names longer than this are text, not names. */
const NAME_MAX = 128

/** The same few hundred names come again and again, so answers are kept. */
export function compileNumberNames(rules: readonly RuleData[]): NumberNames {
  const words = new Set<string>()
  const checked = new Set<string>()
  for (const rule of rules) {
    const given = rule.gives ?? [rule.name]
    const own = wordsOf(rule, given)
    if (own === undefined) continue
    for (const name of given) checked.add(name)
    for (const word of own) words.add(word)
  }
  const expression = wordsExpression([...words])
  const cache = new Map<string, boolean>()
  return {
    rules: checked,
    isNamed(field) {
      if (field === '' || field.length > NAME_MAX) return false
      const known = cache.get(field)
      if (known !== undefined) return known
      const isNamed = expression.test(asWords(field))
      if (cache.size >= CACHE_ENTRIES) cache.clear()
      cache.set(field, isNamed)
      return isNamed
    },
  }
}

function wordsOf({ detector, check, near }: RuleData, given: readonly string[]): readonly string[] | undefined {
  if (detector === 'number-run') return given.flatMap(numberRunWords)
  if (detector === 'number-run-4') return given.flatMap(numberRunWords4)
  return check?.startsWith('id:') === true || check?.startsWith('number:') === true ? (near ?? []) : undefined
}
