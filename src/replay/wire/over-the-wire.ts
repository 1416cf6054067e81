import { RepriseError, SERVED_KINDS } from '../../schemas/index.ts'
import { nameKeyOf } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'

/**
 * The recording as it is replayed over the wire: a model, tool or other call that made HTTP exchanges is run again, above exchanges that
 * are served. A call with effect `write` is served whole as ever, unless `allowWrites` names it: what it does besides HTTP is not recorded.
 *
 * @throws RepriseError `invalid_argument` when the recording holds no exchange
 */
export function overTheWire(recording: Recording, allowWrites: readonly string[]): Recording {
  const { nodes, root } = recording
  const carriers = new Set<LineageNode>()
  for (const node of nodes) {
    if (node.record.core.kind !== 'wire') continue
    for (let at = node.parent; at !== undefined && !carriers.has(at); at = at.parent) carriers.add(at)
  }
  if (carriers.size === 0) {
    const message = "serve: 'wire' needs the HTTP exchanges of the run, and the recording holds none"
    throw new RepriseError('invalid_argument', `${message}: record it again with REPRISE_WIRE=true, or the option wire`, {
      details: { key: 'serve' },
    })
  }
  const mayRun = ({ record: { core } }: LineageNode): boolean => core.effect !== 'write' || allowWrites.includes(core.stepName)
  const isOpened = (node: LineageNode): boolean => {
    const { kind } = node.record.core
    return node !== root && kind !== 'wire' && SERVED_KINDS.has(kind) && carriers.has(node) && mayRun(node)
  }
  // A call of the same name that happened to make no exchange runs too: whether it will cannot be known beforehand.
  const opened = new OpenedCalls()
  for (const node of nodes) if (isOpened(node)) opened.add(node)
  const copies = new Map<LineageNode, LineageNode>()
  for (const node of nodes) {
    const parent = node.parent === undefined ? undefined : copies.get(node.parent)
    const { operation, stepName, kind } = node.record.core
    const runsAgain =
      kind !== 'wire' && SERVED_KINDS.has(kind) && node !== root && mayRun(node) && opened.has(node.parent, operation, stepName)
    copies.set(node, { ...node, parent, ...(runsAgain && { runsAgain }) })
  }
  return recording.withNodes([...copies.values()])
}

/** Calls of a container, by operation and name. */
export class OpenedCalls {
  readonly #keys = new Map<LineageNode, Set<string>>()

  /** Of the steps that are marked so. */
  static of(nodes: readonly LineageNode[]): OpenedCalls {
    const opened = new OpenedCalls()
    for (const node of nodes) if (node.runsAgain === true) opened.add(node)
    return opened
  }

  add({ parent, record: { core } }: LineageNode): void {
    if (parent === undefined) return
    const keys = this.#keys.get(parent) ?? new Set<string>()
    this.#keys.set(parent, keys.add(nameKeyOf(core.operation, core.stepName)))
  }

  has(parent: LineageNode | undefined, operation: string, name: string): boolean {
    return parent !== undefined && this.#keys.get(parent)?.has(nameKeyOf(operation, name)) === true
  }
}
