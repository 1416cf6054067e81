import { SERVED_KINDS, type StepKind } from '../../schemas/index.ts'
import { type IgnoredFields, ignoredFieldsOf } from '../recording/ignored-fields.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { RecordedPayload } from './comparison.ts'

/** Calls of one operation, name and request under one parent, in call order. */
export interface EqualCalls {
  readonly operation: string
  readonly name: string
  readonly nodes: LineageNode[]
}

/** The calls that one recorded container made. */
interface Children {
  /** Equal calls by the digest of their request. */
  readonly equal: Map<string, EqualCalls[]>
  /** In call order. */
  readonly all: LineageNode[]
  /** Those of one operation and name, whatever the request, in call order. Made when it is asked for: served calls are not. */
  named: Map<string, LineageNode[]> | undefined
}

const NONE: readonly LineageNode[] = []
const NO_FIELDS: IgnoredFields = []

/** The recorded steps as replay looks for them. */
export class RecordedCalls {
  /** Steps that take part: everything our SDK captured that is not beneath a served step. */
  readonly participants: readonly LineageNode[]
  /** Steps beneath a served step, with the outermost served step that answers for them. */
  readonly covered: ReadonlyMap<LineageNode, LineageNode>
  readonly #children = new Map<LineageNode, Children>()
  readonly #ignored = new Map<string, IgnoredFields>()

  /** @param opened a served step that is called all the same, so that the steps beneath it take part */
  constructor(nodes: readonly LineageNode[], root: LineageNode, opened?: LineageNode) {
    const participants: LineageNode[] = []
    const covered = new Map<LineageNode, LineageNode>()
    // What an opened step exchanges over the wire it exchanges anew.
    const isAnswered = (parent: LineageNode, node: LineageNode): boolean =>
      parent !== root && isServed(parent) && (parent !== opened || node.record.core.kind === 'wire')
    for (const node of nodes) {
      if (node.record.core.fidelity !== 'replayable') continue
      const { parent } = node
      const above = parent === undefined ? undefined : (covered.get(parent) ?? (isAnswered(parent, node) ? parent : undefined))
      if (above !== undefined) {
        covered.set(node, above)
        continue
      }
      participants.push(node)
      this.#noteIgnored(node)
      if (parent !== undefined) this.#add(parent, node)
    }
    this.participants = participants
    this.covered = covered
  }

  equal(parent: LineageNode | undefined, operation: string, name: string, requestDigest: string): EqualCalls | undefined {
    const sameRequest = parent === undefined ? undefined : this.#children.get(parent)?.equal.get(requestDigest)
    return sameRequest === undefined ? undefined : namedSo(sameRequest, operation, name)
  }

  named(parent: LineageNode | undefined, operation: string, name: string): readonly LineageNode[] {
    const children = parent === undefined ? undefined : this.#children.get(parent)
    if (children === undefined) return NONE
    if (children.named === undefined) {
      children.named = new Map()
      for (const node of children.all) append(children.named, nameKeyOf(node.record.core.operation, node.record.core.stepName), node)
    }
    return children.named.get(nameKeyOf(operation, name)) ?? NONE
  }

  /** What calls of that name are not matched by, as it was recorded; what the program says now does not count. */
  ignoredOf(operation: string, name: string): IgnoredFields {
    return this.#ignored.size === 0 ? NO_FIELDS : (this.#ignored.get(nameKeyOf(operation, name)) ?? NO_FIELDS)
  }

  /** The requests of all that take part. Not those that are matched by some of their fields alone. */
  *requests(): Generator<RecordedPayload> {
    for (const { record, requestDigest } of this.participants) {
      if (ignoredFieldsOf(record.core).length > 0) continue
      const input = record.refs.find(({ role }) => role === 'input')
      const mediaType = record.core.payloads.find(({ role }) => role === 'input')?.mediaType
      if (input !== undefined && mediaType !== undefined) yield { digest: input.digest, mediaType, comparedDigest: requestDigest }
    }
  }

  /** Every set of two or more equal served calls under one parent. */
  *repeated(): Generator<readonly LineageNode[]> {
    for (const { equal } of this.#children.values())
      for (const sameRequest of equal.values())
        for (const { nodes } of sameRequest) if (nodes.length > 1 && nodes[0] !== undefined && isServed(nodes[0])) yield nodes
  }

  #noteIgnored({ record: { core } }: LineageNode): void {
    const ignored = ignoredFieldsOf(core)
    if (ignored.length === 0) return
    const key = nameKeyOf(core.operation, core.stepName)
    if (!this.#ignored.has(key)) this.#ignored.set(key, ignored)
  }

  #add(parent: LineageNode, node: LineageNode): void {
    let children = this.#children.get(parent)
    if (children === undefined) this.#children.set(parent, (children = { equal: new Map(), all: [], named: undefined }))
    const { operation, stepName } = node.record.core
    const sameRequest = children.equal.get(node.requestDigest)
    const equal = sameRequest === undefined ? undefined : namedSo(sameRequest, operation, stepName)
    if (equal !== undefined) equal.nodes.push(node)
    else append(children.equal, node.requestDigest, { operation, name: stepName, nodes: [node] })
    children.all.push(node)
    children.named = undefined
  }
}

export function isServed({ record, runsAgain }: LineageNode): boolean {
  return runsAgain !== true && SERVED_KINDS.has(record.core.kind)
}

export function servesKind(kind: StepKind): boolean {
  return SERVED_KINDS.has(kind)
}

export function nameKeyOf(operation: string, name: string): string {
  return `${operation.length}:${operation}:${name}`
}

export function pathOf(node: LineageNode): string[] {
  const path: string[] = []
  for (let at: LineageNode | undefined = node; at !== undefined; at = at.parent) path.unshift(at.record.core.stepName)
  return path
}

function namedSo(calls: readonly EqualCalls[], operation: string, name: string): EqualCalls | undefined {
  for (const equal of calls) if (equal.operation === operation && equal.name === name) return equal
  return undefined
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
