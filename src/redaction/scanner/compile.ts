import { behindEscape } from '../detectors/characters.ts'
import type { Check } from '../detectors/checks.ts'
import { detectBase58Check, detectBech32, detectEthereum, detectSeedPhrase } from '../detectors/crypto-address.ts'
import { detectEmail } from '../detectors/email.ts'
import { detectIban } from '../detectors/iban.ts'
import { detectJwk } from '../detectors/jwk.ts'
import { LATER_DETECTORS, LATER_LOOK_BACK } from '../detectors/later.ts'
import { detectBirthDate, detectCoordinates, detectDecimalDegrees, detectDegrees } from '../detectors/life-data.ts'
import { isIdentifier } from '../detectors/national-ids.ts'
import { isNumber4 } from '../detectors/national-ids-4.ts'
import { detectIpv4, detectIpv6, detectMac } from '../detectors/network-address.ts'
import { detectNumberRun } from '../detectors/number-run.ts'
import { detectPaymentCard } from '../detectors/payment-card.ts'
import { detectInternationalPhone, detectNationalPhone, detectNorthAmericanPhone } from '../detectors/phone.ts'
import { detectPrivateKey } from '../detectors/private-key.ts'
import { detectUrlUserinfo } from '../detectors/url-userinfo.ts'
import { refusalOf } from '../explain/refusals.ts'
import { evidenceOf, refusedByWords, type Trace } from '../explain/trace.ts'
import { type PluggedDetector, pluggedScan } from '../plugged.ts'
import { GENERATION_1 } from '../policies/frozen/generation-1.ts'
import { LATEST_VERSION, type PolicyId, type PolicyVersion, policyDataOf } from '../policy.ts'
import type { DetectorName, RedactionPolicy, RuleData } from '../rule.ts'
import type { Span } from '../spans.ts'
import { capitalAnchors, compileFields, type FieldLookup, fieldAnchors } from '../structure/fields.ts'
import { PART_MARKS } from '../structure/series.ts'
import type { Detector } from '../text-view.ts'
import { UNSCANNED_MARKS } from '../unscanned.ts'
import { type Anchor, MARK, parseAnchor } from './anchors.ts'
import { Automaton } from './automaton.ts'
import { compileContext } from './context.ts'
import { escapedSpellings } from './escaped-anchors.ts'
import { GENERATION_2, GENERATION_3, GENERATION_4, type Generation } from './generation.ts'
import {
  base58Run,
  beforeLetters,
  beforeRun,
  beforeUuid,
  encodedText,
  type Guard,
  ibanDigits,
  loneDigits,
  nationalPhone,
  noFraction,
  northAmericanPhone,
  publicAddress,
  wholeIdentifier,
  wholeNumber,
} from './guards.ts'
import { LATER_GUARDS, ROW_GUARDS } from './later-guards.ts'
import { compileNumberNames, type NumberNames } from './number-names.ts'
import { secretRangeOf } from './secret-range.ts'

export interface CompiledRule {
  readonly name: string
  /** Lower goes first among matches of the same stretch. */
  readonly rank: number
  /** Where a match may begin at the earliest, given where its anchor does; -1 where only its detector knows. */
  readonly beginOf: (text: string, anchorStart: number, anchorEnd: number) => number
  readonly detect: Detector
}

export interface CompiledPolicy {
  readonly automaton: Automaton
  readonly rules: readonly CompiledRule[]
  /** Rank of matches that a field's name alone made: behind all others. */
  readonly fieldRank: number
  readonly fieldOf: FieldLookup
  readonly generation: Generation
  /** Whose JSON numbers are looked at; absent before version 4. */
  readonly numbers?: NumberNames
  /** What detectors of somebody's own find in a text; absent where there are none. */
  readonly plugged?: (text: string, field: string) => Span[]
}

/** With detectors of somebody's own, whose findings stand behind those of rules. */
export function withPlugged(policy: CompiledPolicy, detectors: readonly PluggedDetector[]): CompiledPolicy {
  return detectors.length === 0 ? policy : { ...policy, plugged: pluggedScan(detectors, policy.fieldRank + 1) }
}

/**
 * Anchor of no rule: an escaped ASCII character or an escaped slash, behind which an anchor may hide. A text with one is
 * looked at a second time with these escapes resolved.
 */
export const ESCAPE_ANCHOR_ID = -1
/** Anchor of a field's name: nothing to match in itself, but the JSON around it must be looked at. */
const FIELD_ANCHOR_ID = -2
const ESCAPE_ANCHORS = ['\\\\u00[0-7]', '\\\\/']
const PERCENT_ANCHOR = '%[2-7][0-9A-Fa-f]'
/** Anchor of what may be base64. Of letters and digits alone, so that no run begins anew inside of itself; never in a fraction. */
export const ENCODED_ANCHOR_ID = -3
const ENCODED_ANCHOR = '[A-Za-z0-9]'.repeat(16)
const MARK_ANCHOR_ID = -4
const MARKS: readonly (readonly [mark: number, sources: readonly string[]])[] = [
  [MARK.unscanned, UNSCANNED_MARKS],
  [MARK.parts, PART_MARKS],
]

const DETECTORS: Readonly<Record<DetectorName, Detector>> = {
  email: detectEmail,
  'payment-card': detectPaymentCard,
  'private-key': detectPrivateKey,
  'url-userinfo': detectUrlUserinfo,
  'number-run': detectNumberRun,
  iban: detectIban,
  'international-phone': detectInternationalPhone,
  'north-american-phone': detectNorthAmericanPhone,
  'national-phone': detectNationalPhone,
  ipv4: detectIpv4,
  ipv6: detectIpv6,
  mac: detectMac,
  'base58-check': detectBase58Check,
  bech32: detectBech32,
  ethereum: detectEthereum,
  'seed-phrase': detectSeedPhrase,
  'birth-date': detectBirthDate,
  coordinates: detectCoordinates,
  degrees: detectDegrees,
  'decimal-degrees': detectDecimalDegrees,
  jwk: detectJwk,
  ...LATER_DETECTORS,
}

const LOOKS_BACK: ReadonlySet<DetectorName | undefined> = new Set<DetectorName>([
  'email',
  'url-userinfo',
  'degrees',
  'decimal-degrees',
  'jwk',
  ...LATER_LOOK_BACK,
])

const compiled = new Map<PolicyVersion, CompiledPolicy>()
const GENERATIONS: Readonly<Record<PolicyVersion, Generation>> = {
  '1': GENERATION_1,
  '2': GENERATION_2,
  '3': GENERATION_3,
  '4': GENERATION_4,
}

/** Compiles a version of a shipped policy once for the process. */
export function compiledPolicy(id: PolicyId, version: PolicyVersion = LATEST_VERSION): CompiledPolicy {
  const data = policyDataOf(id, version)
  let policy = compiled.get(version)
  if (policy === undefined) {
    policy = compilePolicy(data, true, GENERATIONS[version])
    compiled.set(version, policy)
  }
  return policy
}

const ID_PREFIX = 'id:'
/** Of rules since version 4 whose numbers may stand behind the comma that parts columns. */
const NUMBER_PREFIX = 'number:'
/** Cheap looks at an anchor's surroundings, for anchors that ordinary text is full of. */
const GUARDS: Readonly<Partial<Record<DetectorName, Guard>>> = {
  'number-run': loneDigits,
  iban: ibanDigits,
  'north-american-phone': northAmericanPhone,
  'national-phone': nationalPhone,
  ipv4: publicAddress,
  'base58-check': base58Run,
  ...LATER_GUARDS,
}
/** By rule and anchor, for anchors of two characters. */
const SHORT_GUARDS: Readonly<Record<string, Guard>> = {
  'bitwarden-token 0.': beforeUuid,
  'vault-token s.': beforeLetters,
  ...Object.fromEntries(['CJ', 'CK', 'CL', 'CM', 'CN', 'CO', 'CP'].map((anchor) => [`hubspot-token ${anchor}`, beforeRun])),
}
function guardOf(rule: RuleData, anchor: string): { readonly guard?: Guard } {
  const short =
    rule.name === 'okta-token'
      ? noFraction
      : (SHORT_GUARDS[`${rule.name} ${anchor}`] ?? ROW_GUARDS[rule.name] ?? ROW_GUARDS[`${rule.name} ${anchor}`])
  if (short !== undefined) return { guard: short }
  const guard = rule.detector === undefined ? guardOfCheck(rule.check) : GUARDS[rule.detector]
  return guard === undefined ? {} : { guard }
}

function guardOfCheck(check: string | undefined): Guard | undefined {
  if (check?.startsWith(ID_PREFIX) === true) return wholeIdentifier
  return check?.startsWith(NUMBER_PREFIX) === true ? wholeNumber : undefined
}

/** A version whose rules tell what they let go, and what speaks for what they find. Finds the same; without guards, to tell of more. */
export function tracedPolicy(version: PolicyVersion, trace: Trace): CompiledPolicy {
  return compilePolicy(policyDataOf('default', version), false, GENERATIONS[version], trace)
}

/** `hasGuards` is false where a test compares. */
export function compilePolicy(
  policy: RedactionPolicy,
  hasGuards: boolean = true,
  generation: Generation = GENERATIONS[LATEST_VERSION],
  trace?: Trace,
): CompiledPolicy {
  const anchors: Anchor[] = [...ESCAPE_ANCHORS, ...(generation.decodes ? [PERCENT_ANCHOR] : [])].map((source) => ({
    sets: parseAnchor(source, false),
    after: 'anything' as const,
    id: ESCAPE_ANCHOR_ID,
  }))
  const encodedGuard = hasGuards ? { guard: encodedText } : {}
  if (generation.decodes)
    anchors.push({ sets: parseAnchor(ENCODED_ANCHOR, false), after: 'number-boundary', id: ENCODED_ANCHOR_ID, ...encodedGuard })
  // So that a text in which no anchor is met need not be gone through for these once more.
  for (const [mark, sources] of MARKS)
    for (const source of sources) anchors.push({ sets: parseAnchor(source, false), after: 'anything', id: MARK_ANCHOR_ID, mark })
  for (const source of fieldAnchors(policy.fields))
    anchors.push({ sets: parseAnchor(source, true), after: 'anything', id: FIELD_ANCHOR_ID })
  for (const source of capitalAnchors(policy.fields))
    anchors.push({ sets: parseAnchor(source, false), after: 'anything', id: FIELD_ANCHOR_ID })
  const ruleAnchors = policy.rules.flatMap((rule, id) =>
    rule.anchors.map((source): Anchor => {
      const guard = hasGuards ? guardOf(rule, source) : {}
      return { sets: parseAnchor(source, rule.fold === true), after: rule.after ?? 'anything', id, ...guard }
    }),
  )
  // One by one: there are too many for arguments.
  for (const anchor of ruleAnchors) anchors.push(anchor)
  if (generation.readsEscapes === true) {
    const most = Math.max(...ruleAnchors.map(({ sets }) => sets.length))
    for (const anchor of ruleAnchors)
      for (const sets of escapedSpellings(anchor.sets, most)) anchors.push({ ...anchor, sets, id: ESCAPE_ANCHOR_ID })
  }
  return {
    automaton: new Automaton(anchors, { colours: generation.readsColours === true }),
    rules: policy.rules.map((rule, rank) => ({
      name: rule.name,
      rank,
      beginOf: beginOf(rule),
      detect: detectorOf(rule, generation, trace),
    })),
    fieldRank: policy.rules.length,
    fieldOf: compileFields(policy.fields),
    generation,
    ...(generation.readsEscapes === true && { numbers: compileNumberNames(policy.rules) }),
  }
}

function checkOf(name: string | undefined, { checks }: Generation): Check | undefined {
  if (name?.startsWith(NUMBER_PREFIX) === true) {
    const kind = name.slice(NUMBER_PREFIX.length)
    return (secret) => isNumber4(kind, secret)
  }
  if (name?.startsWith(ID_PREFIX) !== true) return name === undefined ? undefined : checks[name]
  const kind = name.slice(ID_PREFIX.length)
  return (secret) => isIdentifier(kind, secret)
}

function beginOf(rule: RuleData): CompiledRule['beginOf'] {
  if (LOOKS_BACK.has(rule.detector)) return () => -1
  if (rule.back === undefined) return (_text, anchorStart) => anchorStart
  const { max } = rule.back
  const isBack = byteTable(rule.back.chars)
  return (text, anchorStart) => {
    let from = anchorStart
    const lowest = Math.max(0, anchorStart - max)
    while (from > lowest && isBack[text.charCodeAt(from - 1)] === 1) from--
    return Math.min(behindEscape(text, from), anchorStart)
  }
}

/** By ASCII code, whether a character class has it. */
function byteTable(chars: string): Uint8Array {
  const isIn = new RegExp(`^${chars}$`)
  const table = new Uint8Array(0x80)
  for (let code = 0; code < 0x80; code++) table[code] = isIn.test(String.fromCharCode(code)) ? 1 : 0
  return table
}

/** A `tail` that matches nowhere: the match ends where the pattern says. */
const NO_TAIL = '(?!)'

function detectorOf(rule: RuleData, generation: Generation, trace: Trace | undefined): Detector {
  if (rule.detector !== undefined)
    return withContext(rule, generation, generation.detectors[rule.detector] ?? DETECTORS[rule.detector], trace)
  if (rule.pattern === undefined) throw new TypeError(`rule ${rule.name}: expected a pattern or a detector`)
  const narrowed = rule.pattern.includes('(?<secret>')
  const { flag, rangeOf } = narrowed ? secretRangeOf(rule.pattern) : { flag: '', rangeOf: () => undefined }
  const pattern = new RegExp(rule.pattern, `y${rule.flags ?? ''}${flag}`)
  const check = checkOf(rule.check, generation)
  if (rule.check !== undefined && check === undefined) throw new TypeError(`rule ${rule.name}: no check ${rule.check}`)
  const alnumTail = /[A-Za-z0-9]*/y
  const tail = rule.tail === undefined ? alnumTail : new RegExp(rule.tail === NO_TAIL ? NO_TAIL : `${rule.tail}*`, 'y')
  const around =
    rule.near === undefined && rule.unless === undefined
      ? undefined
      : compileContext(rule.near, rule.unless, generation, generation.readsEscapes === true && guardOfCheck(rule.check) !== undefined)
  const begin = beginOf(rule)

  return (view, anchorEnd, anchorLength) => {
    const { text } = view
    pattern.lastIndex = begin(text, anchorEnd - anchorLength, anchorEnd)
    const match = pattern.exec(text)
    if (match === null) return undefined
    const range = rangeOf(match)
    const start = range?.[0] ?? match.index
    const matchEnd = range?.[1] ?? match.index + match[0].length
    if (check !== undefined && !check(text.slice(start, matchEnd), text, matchEnd)) {
      trace?.(view, { rule: rule.name, start, end: matchEnd, why: 'check', ...(rule.check !== undefined && { proof: rule.check }) })
      return undefined
    }
    if (generation.isMaskedKey?.(text.slice(start, matchEnd)) === true) return undefined
    if (around !== undefined && !around(view, match.index, start, matchEnd)) {
      trace?.(view, refusedByWords(rule, view, start, matchEnd))
      return undefined
    }
    const evidence = trace === undefined ? undefined : { evidence: evidenceOf(rule, view, { start, end: matchEnd }) }
    tail.lastIndex = matchEnd
    if (!tail.test(text)) return { start, end: matchEnd, ...evidence }
    alnumTail.lastIndex = tail.lastIndex
    alnumTail.test(text)
    return { start, end: alnumTail.lastIndex, ...evidence }
  }
}

function withContext(rule: RuleData, generation: Generation, detect: Detector, trace: Trace | undefined): Detector {
  const around = rule.near === undefined && rule.unless === undefined ? undefined : compileContext(rule.near, rule.unless, generation)
  if (around === undefined && trace === undefined) return detect
  return (view, anchorEnd, anchorLength) => {
    const found = detect(view, anchorEnd, anchorLength)
    if (found === undefined) {
      const refused = trace === undefined ? undefined : refusalOf(rule, view, anchorEnd - anchorLength)
      if (refused !== undefined) trace?.(view, refused)
      return undefined
    }
    if (around?.(view, found.start, found.start, found.end) === false) {
      trace?.(view, refusedByWords(rule, view, found.start, found.end))
      return undefined
    }
    return trace === undefined ? found : { ...found, evidence: evidenceOf(rule, view, found) }
  }
}
