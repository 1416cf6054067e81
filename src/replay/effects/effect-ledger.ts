import { EFFECT_SOURCES, type EffectSource, type Verdict } from '../../schemas/index.ts'
import type { LineageNode } from '../recording/lineage.ts'

type Why = 'beyond' | 'unserved'

/** Counts what a replayed program read of time and chance, and where that was not what it had read when recorded. */
export class EffectLedger {
  served = 0
  /** Containers whose code read what the recording does not hold. */
  readonly unstable: Set<LineageNode> = new Set()
  readonly #reads: Record<Why, Map<EffectSource, number>> = { beyond: new Map(), unserved: new Map() }
  readonly #recorded: readonly EffectSource[]
  #taken = 0
  #late = 0
  readonly #total: number

  constructor(recorded: readonly EffectSource[], total: number) {
    this.#recorded = recorded
    this.#total = total
  }

  serve(): void {
    this.served++
    this.#taken++
  }

  /** A read past the record, or of a source that the recording does not hold. @returns how many there were */
  note(why: Why, source: EffectSource, node: LineageNode | undefined): number {
    const reads = this.#reads[why]
    const count = (reads.get(source) ?? 0) + 1
    reads.set(source, count)
    if (node !== undefined) this.unstable.add(node)
    return count
  }

  /** As `note`, of a read that changes nothing any more. */
  noteLate(): number {
    return ++this.#late
  }

  report(): NonNullable<Verdict['effects']> {
    const list = (why: Why) =>
      EFFECT_SOURCES.flatMap((source) => {
        const reads = this.#reads[why].get(source)
        return reads === undefined ? [] : [{ source, reads }]
      })
    return {
      recorded: [...this.#recorded],
      served: this.served,
      unused: Math.max(0, this.#total - this.#taken),
      beyond: list('beyond'),
      unserved: list('unserved'),
    }
  }
}
