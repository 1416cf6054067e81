import type { PolicyRef } from '../../schemas/index.ts'
import type { PluggedDetector } from '../plugged.ts'
import { type Action, type PolicyConfig, PRESETS, policyConfigRef } from '../policies/config.ts'
import { type Decided, Decisions, FIELD_RULE, type PolicyPlace, type Ruling } from '../policies/decisions.ts'
import { collectLeaves, type JsonLeaf } from '../policies/paths.ts'
import { pluggedOf } from '../policies/redactor.ts'
import { LATEST_VERSION, type PolicyVersion, policyRefOf } from '../policy.ts'
import { settledInJson, settledInText } from '../redactor.ts'
import { compiledPolicy, tracedPolicy, withPlugged } from '../scanner/compile.ts'
import { renderSpans, type Span } from '../spans.ts'
import { ENCODED_RULE } from '../structure/find-encoded.ts'
import { findInFieldString } from '../structure/find-json.ts'
import { rawOffsets, unescapeJson } from '../structure/json-strings.ts'
import type { TextView } from '../text-view.ts'
import { tokensIn } from '../tokens.ts'
import { sentenceOfFinding, sentenceOfLetGo } from './sentences.ts'
import type { LetGo, Refusal } from './trace.ts'

interface Place {
  /** In UTF-16 units of the text; `end` is behind the last one. */
  readonly start: number
  readonly end: number
  readonly detector: string
  /** JSON Pointer to the string or number, its names redacted, where the text is JSON. */
  readonly path?: string
}

/** Something that was found, and what becomes of it. Nothing here holds a character of it. */
export interface ExplainedFinding extends Place {
  readonly action: Action
  /** JSON Pointer into the policy to the rule that says so; absent where none names it. */
  readonly policyRule?: string
  /** Why, as that rule gives it. */
  readonly reason?: string
  /** `form`: what it looks like. `field`: the name of its field. `encoded`: what it says once decoded. `place`: the policy names the place. */
  readonly by: 'form' | 'field' | 'encoded' | 'place'
  /** Words that stand near and raised it: of the rule, never of the text. */
  readonly words?: readonly string[]
  /** In words for people. */
  readonly because: string
  /** Strings of a list over which it is spread, where that is more than one. */
  readonly parts?: number
}

/** Something that a rule looked at, and that stays. */
export interface ExplainedLetGo extends Place {
  readonly why: Refusal
  readonly words?: readonly string[]
  readonly because: string
}

/** A pseudonym that stands in the text already. */
export interface ExplainedToken extends Place {
  /** What the policy does with such a finding at this place. */
  readonly action: Action
  readonly policyRule?: string
  readonly reason?: string
}

export interface Explanation {
  /** In order, both. */
  readonly findings: readonly ExplainedFinding[]
  readonly letGo: readonly ExplainedLetGo[]
  /** Pseudonyms that were there before. */
  readonly tokens: readonly ExplainedToken[]
}

export interface ExplainerOptions extends PolicyPlace {
  readonly policy?: PolicyConfig | undefined
  readonly detectors?: PolicyVersion
  readonly plugged?: readonly PluggedDetector[] | undefined
}

/** Tells what a policy does with a text and why, naming no value. Each method may throw as those of `Redactor` do. */
export interface Explainer {
  readonly policy: PolicyRef
  explainText(text: string, field?: string): Explanation
  /** What is not JSON is taken as text. */
  explainJson(text: string, field?: string): Explanation
}

/** Per text; a text that makes rules look at more than this has told enough. */
const LET_GO_MAX = 10_000

export function createExplainer({
  policy = PRESETS.default,
  detectors = LATEST_VERSION,
  plugged,
  ...place
}: ExplainerOptions = {}): Explainer {
  const decisions = new Decisions(policy, place)
  let told: { view: TextView; letGo: LetGo }[] = []
  const tracing = tracedPolicy(detectors, (view, letGo) => {
    if (told.length < LET_GO_MAX) told.push({ view, letGo })
  })
  const traced = withPlugged(tracing, pluggedOf(policy, plugged))
  const plain = compiledPolicy('default', detectors)

  const letGoIn = (text: string, field: string, at: (index: number) => number, path: Pick<Place, 'path'>): ExplainedLetGo[] => {
    told = []
    findInFieldString(tracing, text, field, tracing.fieldOf(field), 0)
    return told.flatMap(({ view, letGo }) => {
      const local = view.text === text ? letGo : soleIn(text, view.text.slice(letGo.start, letGo.end))
      if (local === undefined) return []
      const { rule, why, words } = letGo
      const because = sentenceOfLetGo(letGo)
      return [{ start: at(local.start), end: at(local.end), detector: rule, ...path, why, ...(words !== undefined && { words }), because }]
    })
  }
  const explained = (span: Decided, path: Pick<Place, 'path'>, field: string): ExplainedFinding => {
    const words = span.evidence?.words ?? []
    const by = byOf(span)
    return {
      start: span.start,
      end: span.end,
      detector: span.rule,
      ...path,
      action: span.action,
      ...ruledBy(span.ruling),
      by,
      ...(words.length > 0 && { words }),
      because: sentenceOfFinding(span, by, field === '' ? '' : cleanStep(field)),
    }
  }
  const cleanStep = (step: string): string => renderSpans(step, settledInText(plain, step, ''), (rule) => `<${rule}>`)
  const pointerTo = (leaf: JsonLeaf | undefined): Pick<Place, 'path'> =>
    leaf === undefined ? {} : { path: leaf.path.map((step) => `/${cleanStep(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') }

  const explainText = (text: string, field = ''): Explanation => {
    const spans = decisions.allInText(text, field, settledInText(traced, text, field))
    const findings = joinParts(spans).map(({ span, parts }) => ({ ...explained(span, {}, field), ...parts }))
    const letGo = letGoIn(text, field, (index) => index, {})
    return {
      findings,
      letGo: beside(letGo, spans),
      tokens: tokensIn(text).map(({ rule, start, end }) => tokenAt(rule, start, end, {}, ruleOver(rule, field))),
    }
  }
  /** A place that a rule names goes before what was found there. */
  const ruleOver = (detector: string, field: string, path?: readonly string[]): Ruling =>
    decisions.rulingAt(field, path) ?? decisions.rulingFor(detector, field, path)

  const explainJson = (text: string, field = ''): Explanation => {
    const leaves = collectLeaves(text)
    if (leaves === undefined) return explainText(text, field)
    const spans = decisions.allInJson(text, field, settledInJson(traced, text, field))
    const leafOf = leafFinder(leaves)
    const findings = joinParts(spans).map(({ span, parts }) => {
      const leaf = leafOf(span.start)
      return { ...explained(span, pointerTo(leaf), leaf?.path.at(-1) ?? field), ...parts }
    })
    const letGo = leaves.flatMap((leaf) => {
      const raw = text.slice(leaf.start, leaf.end)
      const value = leaf.isNumber ? undefined : unescapeJson(raw)
      if (value === undefined) return []
      const at = (index: number): number => leaf.start + (rawOffsets(raw, [index])[0] ?? 0)
      return letGoIn(value, leaf.path.at(-1) ?? '', at, pointerTo(leaf))
    })
    const leafOfToken = leafFinder(leaves)
    const tokens = tokensIn(text).map(({ rule, start, end }) => {
      const leaf = leafOfToken(start)
      return tokenAt(rule, start, end, pointerTo(leaf), ruleOver(rule, field, leaf?.path))
    })
    return { findings, letGo: beside(letGo, spans), tokens }
  }
  return { policy: refOf(policy, detectors), explainText, explainJson }
}

const refOf = (policy: PolicyConfig, detectors: PolicyVersion): PolicyRef =>
  policy === PRESETS.default ? policyRefOf('default', detectors) : policyConfigRef(policy, policyRefOf('default', detectors))

const ruledBy = ({ index, reason }: Ruling): Pick<ExplainedFinding, 'policyRule' | 'reason'> => ({
  ...(index !== undefined && { policyRule: `/rules/${index}` }),
  ...(reason !== undefined && { reason }),
})

const tokenAt = (detector: string, start: number, end: number, path: Pick<Place, 'path'>, ruling: Ruling): ExplainedToken => ({
  start,
  end,
  detector,
  ...path,
  action: ruling.action,
  ...ruledBy(ruling),
})

function byOf(span: Decided): ExplainedFinding['by'] {
  if (span.rule === FIELD_RULE) return 'place'
  if (span.rule === ENCODED_RULE) return 'encoded'
  return span.evidence === undefined ? 'field' : 'form'
}

/** What is spread over strings of a list is told of once, where it begins. */
function joinParts(spans: readonly Decided[]): { readonly span: Decided; readonly parts?: { readonly parts: number } }[] {
  const joined: { span: Decided; parts?: { readonly parts: number } }[] = []
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1)
    if (span.isRest === true && last !== undefined) last.parts = { parts: (last.parts?.parts ?? 1) + 1 }
    else joined.push({ span })
  }
  return joined
}

/** For rising offsets: the leaf that holds it. */
function leafFinder(leaves: readonly JsonLeaf[]): (start: number) => JsonLeaf | undefined {
  let next = 0
  return (start) => {
    while (next < leaves.length && (leaves[next] as JsonLeaf).end < start) next++
    const leaf = leaves[next]
    return leaf !== undefined && leaf.start <= start ? leaf : undefined
  }
}

/** Of what was let go: what neither a finding nor a longer look-alike covers, in order. Of equal ones a fault in the form goes first. */
function beside(letGo: readonly ExplainedLetGo[], spans: readonly Span[]): ExplainedLetGo[] {
  const covers = [...spans].sort((a, b) => a.start - b.start)
  let next = 0
  let shownTo = -1
  return [...letGo]
    .sort((a, b) => a.start - b.start || b.end - a.end || Number(a.why !== 'check') - Number(b.why !== 'check'))
    .filter(({ start, end }) => {
      while (next < covers.length && (covers[next] as Span).end <= start) next++
      const cover = covers[next]
      if (end <= shownTo || (cover !== undefined && cover.start < end)) return false
      shownTo = end
      return true
    })
}

/** Where a stretch of something decoded stands in the text itself, if that can be told. */
function soleIn(text: string, stretch: string): { readonly start: number; readonly end: number } | undefined {
  const start = text.indexOf(stretch)
  return start < 0 || text.indexOf(stretch, start + 1) >= 0 ? undefined : { start, end: start + stretch.length }
}
