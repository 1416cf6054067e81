import { ATTR, type Attributes, canonicalJson, type FieldDifference } from '../../schemas/index.ts'
import { differencesOf } from '../matching/differences.ts'
import type { LineageNode } from '../recording/lineage.ts'

/** The numbers that steps measured while they ran again, against the recorded ones. */
export class MeasuredMetrics {
  readonly #measured = new Map<LineageNode, Attributes[]>()

  add(node: LineageNode, attributes: Attributes): void {
    if (!(ATTR.metricName in attributes)) return
    const found = this.#measured.get(node)
    if (found === undefined) this.#measured.set(node, [attributes])
    else found.push(attributes)
  }

  /** How a step's metrics differ; `undefined` when they are equal, as far as they were recorded. */
  differences(node: LineageNode): FieldDifference[] | undefined {
    const { events, droppedEvents } = node.record.core
    const recorded = events.filter(({ attributes }) => ATTR.metricName in attributes).map(({ attributes }) => metricOf(attributes))
    const all = (this.#measured.get(node) ?? []).map(metricOf)
    if (recorded.length === 0 && all.length === 0) return undefined
    const measured = droppedEvents === undefined ? all : all.slice(0, recorded.length)
    const [left, right] = [canonicalJson({ metrics: recorded }), canonicalJson({ metrics: measured })]
    return left === right ? undefined : differencesOf(left, right)
  }
}

function metricOf(attributes: Attributes): Attributes {
  return { name: attributes[ATTR.metricName] ?? null, value: attributes[ATTR.metricValue] ?? null }
}
