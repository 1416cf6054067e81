import type { Span } from '../spans.ts'
import { isToken } from '../tokens.ts'
import type { Action, PolicyConfig, PolicyRuleConfig } from './config.ts'
import { collectLeaves, type JsonLeaf, matchesPath, stepsOf } from './paths.ts'

/** Where a redactor works: rules may be confined to some kinds of steps and some namespaces. */
export interface PolicyPlace {
  readonly kind?: string
  readonly namespace?: string
}

/** What a policy says of something. */
export interface Ruling {
  readonly action: Action
  /** Place among the policy's rules; absent where none names it. */
  readonly index?: number
  readonly reason?: string
}

/** A stretch with what becomes of it. */
export interface Decided extends Span {
  readonly action: Action
  readonly ruling: Ruling
}

/** Rule under which a value goes that its place alone made one. */
export const FIELD_RULE = 'field'
export const MASK = '[redacted]'

interface Rule extends Ruling {
  readonly isDetector: ((name: string) => boolean) | undefined
  readonly path: readonly string[] | undefined
  readonly isAttribute: ((name: string) => boolean) | undefined
}

const isKept = ({ action }: Ruling): boolean => action === 'keep'

const nameTest = (pattern: string): ((name: string) => boolean) =>
  pattern.endsWith('*') ? (name) => name.startsWith(pattern.slice(0, -1)) : (name) => name === pattern

function compileRule(rule: PolicyRuleConfig, index: number): Rule {
  const detectors = rule.detector === undefined ? undefined : [rule.detector].flat().map(nameTest)
  return {
    isDetector: detectors === undefined ? undefined : (name) => detectors.some((test) => test(name)),
    path: rule.path === undefined ? undefined : stepsOf(rule.path),
    isAttribute: rule.attribute === undefined ? undefined : nameTest(rule.attribute),
    action: rule.action,
    index,
    ...(rule.reason !== undefined && { reason: rule.reason }),
  }
}

/** What a policy says of findings and places. */
export class Decisions {
  readonly hasPlaces: boolean
  readonly hasPaths: boolean
  readonly isAllowlist: boolean
  readonly #rules: readonly Rule[]
  readonly #otherwise: Ruling

  constructor(policy: PolicyConfig, place: PolicyPlace) {
    const fits = (rule: PolicyRuleConfig): boolean =>
      (rule.kind === undefined || (place.kind !== undefined && rule.kind.includes(place.kind))) &&
      (rule.namespace === undefined || (place.namespace !== undefined && rule.namespace.includes(place.namespace)))
    this.#rules = (policy.rules ?? []).flatMap((rule, index) => (fits(rule) ? [compileRule(rule, index)] : []))
    this.#otherwise = { action: policy.action ?? 'token' }
    this.hasPaths = this.#rules.some((rule) => rule.path !== undefined)
    this.hasPlaces = this.hasPaths || this.#rules.some((rule) => rule.isAttribute !== undefined && rule.isDetector === undefined)
    this.isAllowlist = policy.mode === 'allowlist'
  }

  /** What becomes of a finding. `path`: where it stands in a JSON text, as far as that is known. */
  actionFor(detector: string, field: string, path?: readonly string[]): Action {
    return this.rulingFor(detector, field, path).action
  }

  rulingFor(detector: string, field: string, path?: readonly string[]): Ruling {
    return this.#rules.find((candidate) => candidate.isDetector?.(detector) === true && isAt(candidate, field, path)) ?? this.#otherwise
  }

  /** What becomes of all that stands at a place, where the policy says so. */
  actionAt(field: string, path?: readonly string[]): Action | undefined {
    return this.rulingAt(field, path)?.action
  }

  rulingAt(field: string, path?: readonly string[]): Ruling | undefined {
    const rule = this.#rules.find((candidate) => candidate.isDetector === undefined && isAt(candidate, field, path))
    return rule ?? (this.isAllowlist && path !== undefined ? NOT_ALLOWED : undefined)
  }

  /** What is to be replaced. */
  inText(text: string, field: string, spans: readonly Span[]): Decided[] {
    return this.allInText(text, field, spans).filter((decided) => !isKept(decided))
  }

  inJson(text: string, field: string, spans: readonly Span[]): Decided[] {
    return this.allInJson(text, field, spans).filter((decided) => !isKept(decided))
  }

  /** With what is kept. */
  allInText(text: string, field: string, spans: readonly Span[]): Decided[] {
    const whole = this.rulingAt(field)
    if (whole === undefined) return this.#decided(spans, field)
    if (isKept(whole)) return this.#kept(whole, spans, field)
    return isReplacement(text) ? [] : [wholeSpan(0, text.length, text, whole)]
  }

  allInJson(text: string, field: string, spans: readonly Span[]): Decided[] {
    const whole = this.rulingAt(field)
    if (whole !== undefined && isKept(whole)) return this.#kept(whole, spans, field)
    const leaves = whole !== undefined || this.hasPaths || this.isAllowlist ? collectLeaves(text) : []
    if (leaves === undefined) return this.isAllowlist ? [wholeSpan(0, text.length, text, NOT_ALLOWED)] : this.allInText(text, field, spans)
    const decided: Decided[] = []
    let next = 0
    for (const leaf of leaves) {
      while (next < spans.length && (spans[next] as Span).start < leaf.start) decided.push(...this.#decided([spans[next++] as Span], field))
      const inside: Span[] = []
      while (next < spans.length && (spans[next] as Span).start < Math.max(leaf.end, leaf.start + 1)) inside.push(spans[next++] as Span)
      const ruling = whole ?? this.rulingAt(field, leaf.path)
      if (ruling === undefined) decided.push(...this.#decided(inside, field, leaf.path))
      else if (isKept(ruling)) decided.push(...this.#kept(ruling, inside, field, leaf.path))
      else decided.push(...leafSpan(text, leaf, ruling))
    }
    return [...decided, ...this.#decided(spans.slice(next), field)]
  }

  /** An allowlist says which places are looked at, not what may stand there. */
  #kept(ruling: Ruling, spans: readonly Span[], field: string, path?: readonly string[]): Decided[] {
    return this.isAllowlist ? this.#decided(spans, field, path) : spans.map((span) => ({ ...span, action: ruling.action, ruling }))
  }

  #decided(spans: readonly Span[], field: string, path?: readonly string[]): Decided[] {
    return spans.map((span) => {
      const ruling = this.rulingFor(span.rule, field, path)
      return { ...span, action: ruling.action, ruling }
    })
  }
}

/** What an allowlist says of all that no rule names. */
const NOT_ALLOWED: Ruling = { action: 'mask' }

function isAt(rule: Rule, field: string, path: readonly string[] | undefined): boolean {
  if (rule.isAttribute !== undefined && !rule.isAttribute(field)) return false
  return rule.path === undefined ? true : path !== undefined && matchesPath(rule.path, path)
}

/** What stands where a whole value has been replaced. */
export const isReplacement = (text: string): boolean => text === '' || text === MASK || isToken(text)

const wholeSpan = (start: number, end: number, value: string, ruling: Ruling): Decided => ({
  start,
  end,
  rule: FIELD_RULE,
  rank: 0,
  value,
  quote: '',
  action: ruling.action,
  ruling,
})

function leafSpan(text: string, leaf: JsonLeaf, ruling: Ruling): Decided[] {
  const value = text.slice(leaf.start, leaf.end)
  if (!leaf.isNumber && isReplacement(value)) return []
  return [{ ...wholeSpan(leaf.start, leaf.end, value, ruling), quote: leaf.isNumber ? '"' : '' }]
}
