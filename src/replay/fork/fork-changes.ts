import { ATTR, type Attributes } from '../../schemas/index.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { RecordedResult } from '../serving/served-result.ts'
import type { Patch } from './patch.ts'

/** What one fork changes, and whether the program has come to it. */
export class ForkChanges {
  readonly node: LineageNode
  readonly patch: Patch
  /** The program has called the step that is changed: from here on it may do other things than recorded. */
  reached = false

  constructor(node: LineageNode, patch: Patch) {
    this.node = node
    this.patch = patch
  }

  /** The step that is called where it would otherwise be served: those beneath it take part. */
  get opened(): LineageNode | undefined {
    return this.patch.setsInput ? this.node : undefined
  }

  /** Notes that a step is called. Gives the patch when it is the changed one. */
  at(node: LineageNode | undefined): Patch | undefined {
    if (node !== this.node) return undefined
    this.reached = true
    return this.patch
  }

  /** What a served step gives in the place of its recorded result. */
  resultOf(recorded: RecordedResult): RecordedResult {
    const { patch } = this
    if (patch.error !== undefined) return { state: 'error', error: patch.error, chunks: [] }
    if (recorded.state !== 'value' && patch.needsResult) return recorded
    if (recorded.state !== 'value') return { state: 'value', value: patch.applyToResult(undefined) }
    return { ...recorded, value: patch.applyToResult(recorded.value) }
  }

  /** For the root of the run that the fork makes. */
  get attributes(): Attributes {
    return { [ATTR.forkSpanId]: this.node.record.core.spanId, [ATTR.forkPatch]: this.patch.canonical }
  }
}
