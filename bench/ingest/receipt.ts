import { availableParallelism } from 'node:os'
import type { LoadResult } from './load.ts'
import type { ServerReceipt } from './measured-server.ts'

/** Spans of one server's life, each in exactly one place. */
export type Totals = { sent: number; stored: number; refused: number; dropped: number; byReason: Record<string, number> }

/** Words for what a sender saw. */
function reasonOf(outcome: string): { kind: 'refused' | 'dropped'; reason: string } {
  if (outcome === '429') return { kind: 'refused', reason: '429 overloaded' }
  if (/^\d+$/.test(outcome)) return { kind: 'refused', reason: outcome }
  return { kind: 'dropped', reason: `sender: ${outcome}` }
}

/**
 * Adds up what the senders saw, and holds it against what the collector says and what is in its store.
 * @throws Error where an acknowledged span is not in the store, or anything is there twice or from nowhere
 */
export function checkedTotals(loads: readonly LoadResult[], kept: { receipt: ServerReceipt; stored: number } | undefined): Totals {
  const totals: Totals = { sent: 0, stored: 0, refused: 0, dropped: 0, byReason: {} }
  for (const { offered, acknowledged, other } of loads) {
    totals.sent += offered
    totals.stored += acknowledged
    for (const [outcome, spans] of Object.entries(other)) {
      const { kind, reason } = reasonOf(outcome)
      totals[kind] += spans
      totals.byReason[reason] = (totals.byReason[reason] ?? 0) + spans
    }
  }
  if (totals.sent !== totals.stored + totals.refused + totals.dropped) throw new Error('sent is not stored + refused + dropped')
  if (kept === undefined) return totals
  // A connection that broke may have had its spans stored and not been told; with none, the numbers are the same.
  const unsure = Object.keys(totals.byReason).some((reason) => reason.startsWith('sender: ') && !reason.endsWith('all_connections_busy'))
  const { receipt, stored } = kept
  if (stored !== receipt.accepted || stored < totals.stored || (!unsure && stored !== totals.stored))
    throw new Error(`acknowledged ${totals.stored}, the collector says ${receipt.accepted}, its tape has ${stored}`)
  return totals
}

export function printReceipt(name: string, all: readonly Totals[], more: Readonly<Record<string, unknown>> = {}): void {
  const sum: Totals = { sent: 0, stored: 0, refused: 0, dropped: 0, byReason: {} }
  for (const totals of all) {
    for (const key of ['sent', 'stored', 'refused', 'dropped'] as const) sum[key] += totals[key]
    for (const [reason, spans] of Object.entries(totals.byReason)) sum.byReason[reason] = (sum.byReason[reason] ?? 0) + spans
  }
  console.log(
    `receipt ${JSON.stringify({ name, node: process.version, cores: availableParallelism(), runs: all.length, ...sum, ...more })}`,
  )
}
