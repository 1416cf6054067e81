import { RepriseError } from '../../schemas/index.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { NumberedDelivery } from './timeline.ts'

export interface PacingOptions {
  /**
   * When results reach the program: `instant`, as soon as it waits for them, the default; `recorded`, no earlier than they did when
   * recorded, counted from the start of the run; `scaled`, the same with all times multiplied by `scale`.
   */
  readonly pacing?: 'instant' | 'recorded' | 'scaled'
  /** For `pacing: 'scaled'`: 0.1 is ten times as fast. */
  readonly scale?: number
}

/** The factor by which recorded times are multiplied; 0 where none are kept. Throws RepriseError `invalid_argument`. */
export function scaleOf({ pacing = 'instant', scale }: PacingOptions): number {
  const bad = (message: string): RepriseError => new RepriseError('invalid_argument', `replay: ${message}`)
  if (pacing !== 'instant' && pacing !== 'recorded' && pacing !== 'scaled')
    throw bad(`pacing: expected instant, recorded or scaled, found ${String(pacing)}`)
  if (pacing !== 'scaled') {
    if (scale !== undefined) throw bad("scale is for pacing: 'scaled'")
    return pacing === 'recorded' ? 1 : 0
  }
  if (scale === undefined || !(scale > 0) || !Number.isFinite(scale)) throw bad(`scale: expected a number above 0, found ${String(scale)}`)
  return scale
}

/**
 * When each delivery reached the program, in milliseconds since the start of the run. Of the end of a step and the firing of a timer
 * that is recorded; the chunks of a stream are taken to have come evenly between its start and its end, as far as the recorded order of
 * all deliveries allows.
 */
export function deliveryMillis(root: LineageNode, deliveries: readonly NumberedDelivery[]): ReadonlyMap<number, number> {
  const origin = BigInt(root.record.core.startNanos)
  const millis = (nanos: string): number => Number(BigInt(nanos) - origin) / 1e6
  const counts = new Map<LineageNode, number>()
  for (const { node, offsetNanos } of deliveries) if (offsetNanos === undefined) counts.set(node, (counts.get(node) ?? 0) + 1)
  const seen = new Map<LineageNode, number>()
  const times = [...deliveries]
    .sort((left, right) => left.number - right.number)
    .map(({ number, node, ended, offsetNanos }) => {
      if (offsetNanos !== undefined) return { number, at: offsetNanos / 1e6, known: true }
      const { startNanos, endNanos } = node.record.core
      const start = millis(startNanos)
      const place = (seen.get(node) ?? 0) + 1
      seen.set(node, place)
      const share = place / Math.max(1, counts.get(node) ?? 1)
      return { number, at: endNanos === undefined ? start : start + (millis(endNanos) - start) * share, known: ended }
    })
  let latest = Number.POSITIVE_INFINITY
  for (const time of times.toReversed()) {
    time.at = Math.min(time.at, latest)
    if (time.known) latest = time.at
  }
  let before = 0
  return new Map(times.map(({ number, at }) => [number, (before = Math.max(before, at))]))
}
