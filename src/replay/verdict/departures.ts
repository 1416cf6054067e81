import { type Divergence, type ErrorCode, RepriseError } from '../../schemas/index.ts'
import { pathOf } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'

/** Beyond this many of one reason, departures are counted and no longer described. */
const MAX_DESCRIBED = 50

/** Everything in which a replay departed from its recording, in the order in which it happened. */
export class Departures {
  readonly described: Divergence[] = []
  readonly #described = new Map<Divergence['reason'], number>()
  readonly #otherResults = new Map<LineageNode, Divergence>()
  #total = 0
  #anyThrown = false

  get total(): number {
    return this.#total
  }

  note(divergence: Divergence): void {
    const { reason, path } = divergence
    this.#total++
    const before = this.#described.get(reason) ?? 0
    // What the run as a whole did is always said.
    if (before >= MAX_DESCRIBED && (path.length > 1 || reason === 'socket')) return
    this.#described.set(reason, before + 1)
    this.described.push(divergence)
  }

  /** A container gave another result than recorded. */
  noteOtherResult(node: LineageNode, message: string, differences: Divergence['differences']): void {
    const before = this.described.length
    this.noteAt(node, 'output', message, { differences })
    const noted = this.described[before]
    if (noted !== undefined) this.#otherResults.set(node, noted)
  }

  /** A recorded step that the program did not call: it left it out before it ended what the step stands in. */
  noteLeftOut(node: LineageNode, message: string): void {
    const before = this.described.length
    this.noteAt(node, 'unused', message)
    const noted = this.described[before]
    if (noted === undefined) return
    for (let above = node.parent; above !== undefined; above = above.parent) {
      const result = this.#otherResults.get(above)
      if (result === undefined) continue
      this.described.pop()
      this.described.splice(this.described.indexOf(result), 0, noted)
      return
    }
  }

  /** A departure at a recorded step. */
  noteAt(
    node: LineageNode,
    reason: Divergence['reason'],
    message: string,
    more: Partial<Pick<Divergence, 'differences' | 'stack'>> = {},
  ): void {
    const { kind, stepName } = node.record.core
    this.note({ reason, kind, name: stepName, path: pathOf(node), message, lineage: node.lineage, differences: [], ...more })
  }

  /** An error for the program, which stops it unless it is caught. */
  error(code: ErrorCode, message: string, path: readonly string[]): RepriseError {
    this.#anyThrown = true
    return new RepriseError(code, message, { details: { path } })
  }

  get anyThrown(): boolean {
    return this.#anyThrown
  }
}

/** `step 7 (model chat)`, as messages name a recorded step. */
export function describeNode({ record }: LineageNode): string {
  const { sequence, kind, stepName } = record.core
  return `${sequence === undefined ? 'a step' : `step ${sequence}`} (${kind} ${stepName})`
}
