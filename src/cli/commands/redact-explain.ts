import {
  createExplainer,
  type ExplainedFinding,
  type ExplainedLetGo,
  type ExplainedToken,
  type Explanation,
  type PolicyConfig,
} from '../../redaction/index.ts'
import { loadDetectors } from '../../sdk/spool/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'
import { looksLikeJson, readTexts, writeAll } from './redact-input.ts'

export type ExplainFlags = { field?: string; kind?: string; policy: PolicyConfig | undefined }

/** `stays`: looked at and let go. `pseudonym`: it was there before. */
type Outcome = 'replaced' | 'kept' | 'stays' | 'pseudonym'

type Told = (ExplainedFinding | ExplainedLetGo | ExplainedToken) & { readonly outcome: Outcome }

/** Look-alikes that are listed for people; a file of numbers has thousands. */
const STAYS_MAX = 200

/** Prints what a policy finds in a text, where and why, what it keeps and what it lets go. Never a character of what was found. */
export async function explain(
  settings: Settings,
  terminal: Terminal,
  file: string | undefined,
  { field, kind, policy }: ExplainFlags,
): Promise<number> {
  const { namespace } = settings.values
  const explainer = createExplainer({ policy, plugged: loadDetectors(policy), namespace, ...(kind !== undefined && { kind }) })
  const counts: Record<Outcome, number> = { replaced: 0, kept: 0, stays: 0, pseudonym: 0 }
  let texts = 0
  for await (const { text, line } of readTexts(file, terminal)) {
    texts++
    const explanation = looksLikeJson(text) ? explainer.explainJson(text, field) : explainer.explainText(text, field)
    const places = new Places(text, line)
    for (const told of inOrder(explanation)) {
      const place = places.at(told.start)
      counts[told.outcome]++
      if (settings.json)
        await writeAll(terminal.stdout, `${JSON.stringify({ schema: 'reprise.redaction-finding/1', ...place, ...told })}\n`)
      else if (told.outcome !== 'pseudonym' && (told.outcome !== 'stays' || counts.stays <= STAYS_MAX))
        await writeAll(terminal.stdout, `${lineOf(told, place, terminal.colorOut)}\n`)
    }
  }
  const { policy: ref } = explainer
  if (settings.json)
    writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.redaction-explanation/1', policy: ref, texts, ...counts }))
  else if (!settings.quiet) {
    if (counts.stays > STAYS_MAX) writeLine(terminal.stderr, `${counts.stays - STAYS_MAX} more that stay: --json shows them`)
    const before = counts.pseudonym === 0 ? '' : `, ${plural(counts.pseudonym, 'pseudonym')} there before`
    writeLine(
      terminal.stderr,
      `policy ${ref.id}/${ref.version}: ${counts.replaced} replaced, ${counts.kept} kept, ${plural(counts.stays, 'look-alike')} let go${before}`,
    )
  }
  return EXIT.ok
}

function inOrder({ findings, letGo, tokens }: Explanation): Told[] {
  return [
    ...findings.map((finding): Told => ({ ...finding, outcome: finding.action === 'keep' ? 'kept' : 'replaced' })),
    ...letGo.map((looked): Told => ({ ...looked, outcome: 'stays' })),
    ...tokens.map((token): Told => ({ ...token, outcome: 'pseudonym' })),
  ].sort((a, b) => a.start - b.start)
}

function lineOf(told: Told, { line, column }: { line: number; column: number }, color: boolean): string {
  const where = `${line}:${column}`.padEnd(9)
  const what = `${told.detector}  ${plural(told.end - told.start, 'character')}`
  const path = told.path === undefined ? '' : ` at ${told.path === '' ? '/' : told.path}`
  const becomes = 'action' in told ? told.action : 'stays'
  const because = 'because' in told ? told.because : ''
  const parts = 'parts' in told && told.parts !== undefined ? ` · over ${told.parts} strings` : ''
  const rule = 'policyRule' in told && told.policyRule !== undefined ? ` · policy ${told.policyRule}` : ''
  const reason = 'reason' in told && told.reason !== undefined ? `: ${told.reason}` : ''
  const style = told.outcome === 'replaced' ? 'red' : told.outcome === 'kept' ? 'yellow' : 'dim'
  return `${where} ${plain(what)}${plain(path)} ${paint(color, style, `→ ${becomes}`)} · ${plain(`${because}${parts}${rule}${reason}`)}`
}

/** Line and column (in UTF-16 units), from 1, of rising offsets. */
class Places {
  readonly #text: string
  readonly #first: number
  #line = 0
  #lineStart = 0

  constructor(text: string, line = 1) {
    this.#text = text
    this.#first = line
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    for (let end = this.#text.indexOf('\n', this.#lineStart); end >= 0 && end < offset; end = this.#text.indexOf('\n', this.#lineStart)) {
      this.#line++
      this.#lineStart = end + 1
    }
    return { line: this.#first + this.#line, column: offset - this.#lineStart + 1 }
  }
}
