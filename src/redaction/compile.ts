import { type Anchor, parseAnchor } from './anchors.ts'
import { Automaton } from './automaton.ts'
import { behindEscape } from './detectors/characters.ts'
import { CHECKS } from './detectors/checks.ts'
import { detectEmail } from './detectors/email.ts'
import { detectPaymentCard } from './detectors/payment-card.ts'
import { detectPrivateKey } from './detectors/private-key.ts'
import { detectUrlUserinfo } from './detectors/url-userinfo.ts'
import { compileFields, type FieldLookup, fieldAnchors } from './fields.ts'
import { type PolicyId, policyDataOf } from './policy.ts'
import type { DetectorName, RedactionPolicy, RuleData } from './rule.ts'
import type { Detector } from './text-view.ts'

export interface CompiledRule {
  readonly name: string
  /** Lower goes first among matches of the same stretch. */
  readonly rank: number
  /** A match may begin before its anchor. */
  readonly looksBack: boolean
  readonly detect: Detector
}

export interface CompiledPolicy {
  readonly automaton: Automaton
  readonly rules: readonly CompiledRule[]
  /** Rank of matches that a field's name alone made: behind all others. */
  readonly fieldRank: number
  readonly fieldOf: FieldLookup
}

/**
 * Anchor of no rule: an escaped ASCII character or an escaped slash, behind which an anchor may hide. A text with one is
 * looked at a second time with these escapes resolved.
 */
export const ESCAPE_ANCHOR_ID = -1
/** Anchor of a field's name: nothing to match in itself, but the JSON around it must be looked at. */
const FIELD_ANCHOR_ID = -2
const ESCAPE_ANCHORS = ['\\\\u00[0-7]', '\\\\/']

const DETECTORS: Readonly<Record<DetectorName, Detector>> = {
  email: detectEmail,
  'payment-card': detectPaymentCard,
  'private-key': detectPrivateKey,
  'url-userinfo': detectUrlUserinfo,
}

const compiled = new Map<PolicyId, CompiledPolicy>()

/** Compiles a shipped policy once for the process. */
export function compiledPolicy(id: PolicyId): CompiledPolicy {
  let policy = compiled.get(id)
  if (policy === undefined) {
    policy = compilePolicy(policyDataOf(id))
    compiled.set(id, policy)
  }
  return policy
}

export function compilePolicy(policy: RedactionPolicy): CompiledPolicy {
  const anchors: Anchor[] = ESCAPE_ANCHORS.map((source) => ({
    sets: parseAnchor(source, false),
    after: 'anything' as const,
    id: ESCAPE_ANCHOR_ID,
  }))
  for (const source of fieldAnchors(policy.fields))
    anchors.push({ sets: parseAnchor(source, true), after: 'anything', id: FIELD_ANCHOR_ID })
  for (const [id, rule] of policy.rules.entries()) {
    for (const source of rule.anchors) anchors.push({ sets: parseAnchor(source, rule.fold === true), after: rule.after ?? 'anything', id })
  }
  return {
    automaton: new Automaton(anchors),
    rules: policy.rules.map((rule, rank) => ({
      name: rule.name,
      rank,
      looksBack: rule.back !== undefined || rule.detector === 'email' || rule.detector === 'url-userinfo',
      detect: detectorOf(rule),
    })),
    fieldRank: policy.rules.length,
    fieldOf: compileFields(policy.fields),
  }
}

function detectorOf(rule: RuleData): Detector {
  if (rule.detector !== undefined) return DETECTORS[rule.detector]
  if (rule.pattern === undefined) throw new TypeError(`rule ${rule.name}: expected a pattern or a detector`)
  const narrowed = rule.pattern.includes('(?<secret>')
  const pattern = new RegExp(rule.pattern, `y${rule.flags ?? ''}${narrowed ? 'd' : ''}`)
  const check = rule.check === undefined ? undefined : CHECKS[rule.check]
  const alnumTail = /[A-Za-z0-9]*/y
  const tail = rule.tail === undefined ? alnumTail : new RegExp(`${rule.tail}*`, 'y')
  const back = rule.back === undefined ? undefined : { isBack: new RegExp(`^${rule.back.chars}$`), max: rule.back.max }

  return ({ text }, anchorEnd, anchorLength) => {
    let from = anchorEnd - anchorLength
    if (back !== undefined) {
      const lowest = Math.max(0, from - back.max)
      while (from > lowest && back.isBack.test(text.charAt(from - 1))) from--
      from = Math.min(behindEscape(text, from), anchorEnd - anchorLength)
    }
    pattern.lastIndex = from
    const match = pattern.exec(text)
    if (match === null) return undefined
    const range = narrowed ? match.indices?.groups?.['secret'] : undefined
    const start = range?.[0] ?? match.index
    const matchEnd = range?.[1] ?? match.index + match[0].length
    if (check !== undefined && !check(text.slice(start, matchEnd), text, matchEnd)) return undefined
    tail.lastIndex = matchEnd
    tail.test(text)
    alnumTail.lastIndex = tail.lastIndex
    alnumTail.test(text)
    return { start, end: alnumTail.lastIndex }
  }
}
