import type { FieldDifference, StepKind } from '../../schemas/index.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { differencesOf } from './differences.ts'
import { isServed, servesKind } from './recorded-calls.ts'

/** How many of the likeliest candidates have their requests compared field by field. */
const MAX_COMPARED = 16

export interface MissedCall {
  readonly kind: StepKind
  readonly operation: string
  readonly name: string
  readonly parent: LineageNode | undefined
  readonly requestDigest: string
  requestText(): string
}

export interface Nearest {
  readonly node: LineageNode
  readonly differences: FieldDifference[]
}

/**
 * The recorded step most like a call that has no equal: for people to read, never to be served. The same parent and name
 * come first, then the number of equal parts of the key, then steps that nothing has used, then the fewest differing fields.
 */
export function nearestTo(
  call: MissedCall,
  candidates: readonly LineageNode[],
  isUsed: (node: LineageNode) => boolean,
  requestTextOf: (node: LineageNode) => string | undefined,
): Nearest | undefined {
  const scored: { node: LineageNode; score: number }[] = []
  for (const node of candidates) {
    if (isServed(node) !== servesKind(call.kind)) continue
    const score = similarity(call, node)
    if (score > 0) scored.push({ node, score: score * 2 + (isUsed(node) ? 0 : 1) })
  }
  const best = scored.reduce((highest, { score }) => Math.max(highest, score), 0)
  let nearest: Nearest | undefined
  for (const { node } of scored.filter(({ score }) => score === best).slice(0, MAX_COMPARED)) {
    const text = requestTextOf(node)
    const differences = text === undefined ? [] : differencesOf(text, call.requestText())
    if (nearest === undefined || differences.length < nearest.differences.length) nearest = { node, differences }
  }
  return nearest
}

function similarity(call: MissedCall, node: LineageNode): number {
  const { core } = node.record
  const sameName = core.stepName === call.name
  const sameParent = call.parent !== undefined && node.parent === call.parent
  const sameRequest = node.requestDigest === call.requestDigest
  const sameOperation = core.operation === call.operation
  if (!sameName && !sameRequest && !(sameParent && sameOperation)) return 0
  return (sameName && sameParent ? 16 : 0) + (sameName ? 4 : 0) + (sameRequest ? 4 : 0) + (sameParent ? 2 : 0) + (sameOperation ? 1 : 0)
}
