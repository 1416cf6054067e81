import { isBasicPair, isMasked } from '../detectors/checks.ts'
import { isDay } from '../detectors/life-data.ts'
import { isPlaceholder } from '../detectors/placeholders.ts'
import type { FieldRuleData } from '../rule.ts'
import type { Generation } from '../scanner/generation.ts'
import { isToken } from '../tokens.ts'

export type FieldLookup = (name: string) => FieldRuleData | undefined

/** Names longer than this are text, not names. */
const NAME_MAX = 128
const CACHE_ENTRIES = 4096

/** Looks a field's name up; the same few hundred names come again and again, so answers are kept. */
export function compileFields(rules: readonly FieldRuleData[]): FieldLookup {
  const withoutBlanks = (names: readonly string[] | undefined): string[] => (names ?? []).map((name) => name.replaceAll(' ', ''))
  const fields = rules.map((rule) => ({ rule, names: withoutBlanks(rule.names), suffixes: withoutBlanks(rule.suffixes) }))
  const cache = new Map<string, FieldRuleData | undefined>()
  return (name) => {
    if (name.length > NAME_MAX) return undefined
    const cached = cache.get(name)
    if (cached !== undefined || cache.has(name)) return cached
    const plain = name.toLowerCase().replace(/[-_. ]/g, '')
    const rule = fields.find(
      (field) =>
        (field.names.includes(plain) || field.suffixes.some((suffix) => plain.endsWith(suffix)) || isInCapitals(field.rule, name)) &&
        field.rule.unless?.some((part) => plain.includes(part)) !== true,
    )?.rule
    if (cache.size >= CACHE_ENTRIES) cache.clear()
    cache.set(name, rule)
    return rule
  }
}

const isInCapitals = ({ capitals }: FieldRuleData, name: string): boolean =>
  capitals?.some((word) => name.endsWith(`_${word}`)) === true && /^[A-Z][A-Z0-9_]{1,64}$/.test(name)

/** Anchors, in their own case, of names in capitals. */
export const capitalAnchors = (rules: readonly FieldRuleData[]): string[] =>
  rules.flatMap((rule) => (rule.capitals ?? []).map((word) => `_${word}["\\\\]`))

/** Anchors, in either case, that end where a field's name ends in JSON text, however often escaped. */
export function fieldAnchors(rules: readonly FieldRuleData[]): string[] {
  const all = [...new Set(rules.flatMap((rule) => [...(rule.names ?? []), ...(rule.suffixes ?? [])]))]
  const shortest = all.filter((name) => !all.some((other) => other !== name && name.endsWith(other)))
  return shortest.flatMap((name) => {
    const words = name.split(' ')
    const spellings = words.length === 1 ? words : [words.join(''), words.join('[-_. ]')]
    return spellings.map((spelling) => `${spelling}["\\\\]`)
  })
}

/** Whether a field's text is to be replaced whole because of the field's name. */
export function isSecretOfField(field: FieldRuleData, value: string, generation: Generation): boolean {
  if (value === '' || isToken(value.trim()) || isMasked(value) || generation.isTypeName?.(value) === true) return false
  switch (field.value) {
    case 'any':
      return true
    case 'token':
      return generation.looksLikeToken(value)
    case 'no-path':
      return !/^(?:[~.]{0,2}[\\/]|[A-Za-z]:[\\/]|~$)/.test(value)
    case 'mixed':
      return /^[^\s<>{}$]{6,256}$/.test(value) && /\p{L}/u.test(value) && /[0-9!@#$%^&*?+=~]/.test(value) && !isPlaceholder(value)
    case 'code':
      return /^(?:[0-9]{3,8}|[0-9]{3}[- ][0-9]{3})$/.test(value)
    case 'pair':
      return value.length >= 12 && /^[A-Za-z0-9+/]+={0,2}$/.test(value) && isBasicPair(value)
    case 'date':
      return isDay(value)
    case 'coordinate':
      return /^\s{0,4}[-+]?[0-9]{1,3}\.[0-9]{3,17}°?\s{0,2}[NSEW]?\s{0,4}$/.test(value)
  }
}

/**
 * Whether a list's element is a header's value because the element before it is a header's name: `['Cookie', 'a=b']`.
 * Lists of field names (`['password', 'username']`) look the same, so the value must look like one.
 */
export function isSecretOfPair(field: FieldRuleData, value: string, generation: Generation): boolean {
  if (!isSecretOfField(field, value, generation) || value.length < 8) return false
  return field.rule === 'auth-header' || field.rule === 'cookie' ? /[0-9= ]/.test(value) : generation.looksLikeToken(value)
}
