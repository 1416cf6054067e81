import { RepriseError } from '../schemas/index.ts'
import type { Span } from './spans.ts'
import { tokensIn } from './tokens.ts'

/** A stretch of the text, in UTF-16 units; `end` is behind the last one. */
export interface PluggedFinding {
  readonly start: number
  readonly end: number
  /** One of those that the policy says the detector gives. */
  readonly detector: string
}

/** A detector that is none of ours, for what no rule can tell: names of people, street addresses. */
export interface PluggedDetector {
  readonly name: string
  readonly gives: readonly string[]
  /** Texts longer than this, in UTF-16 units, are not given to it: redaction of them fails, and their content is withheld. */
  readonly maxChars: number
  /**
   * What it finds in a text, in any order. Called again on what redaction has made of the text, until it finds nothing more. Whatever
   * it throws, and a promise in place of a list, makes redaction fail.
   */
  detect(text: string, about: { readonly field: string }): readonly PluggedFinding[]
}

/** Per text; more is no answer. */
const FINDINGS_MAX = 10_000
/** Shorter texts are no names. */
const SHORTEST = 2

/** Runs detectors over a text, fail-closed. Findings that touch a pseudonym are left out: what stands in one is ours. */
export function pluggedScan(detectors: readonly PluggedDetector[], rank: number): (text: string, field: string) => Span[] {
  return (text, field) => {
    if (text.length < SHORTEST) return []
    const found = detectors.flatMap((detector) => findingsOf(detector, text, field).map((finding) => ({ finding, name: detector.name })))
    if (found.length === 0) return []
    const tokens = tokensIn(text)
    return found
      .filter(({ finding: { start, end } }) => !tokens.some((token) => token.start < end && start < token.end))
      .map(({ finding: { start, end, detector }, name }) => {
        return { start, end, rule: detector, rank, value: text.slice(start, end), quote: '', evidence: { proof: name } }
      })
  }
}

function findingsOf(detector: PluggedDetector, text: string, field: string): readonly PluggedFinding[] {
  // What it throws may quote the text.
  const failed = (why: string): RepriseError => new RepriseError('redaction_failed', `redaction: the detector ${detector.name} ${why}`)
  if (text.length > detector.maxChars) throw failed(`takes no text of more than ${detector.maxChars} characters`)
  let findings: readonly PluggedFinding[]
  try {
    findings = detector.detect(text, { field })
  } catch (error) {
    throw failed(RepriseError.isInstance(error) && error.code === 'redaction_failed' ? error.message : 'has thrown')
  }
  if (!Array.isArray(findings)) throw failed('gave no list')
  if (findings.length > FINDINGS_MAX) throw failed(`gave more than ${FINDINGS_MAX} findings`)
  for (const { start, end, detector: rule } of findings) {
    const isStretch = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= text.length
    if (!isStretch) throw failed('gave something that is no stretch of the text')
    if (!detector.gives.includes(rule)) throw failed('gave a name that the policy does not have')
  }
  return findings
}
