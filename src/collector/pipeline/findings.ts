import type { Cut } from '../../schemas/index.ts'

/** Content that leaves the record: clean, or withheld because it could not be cleaned. */
export type CleanContent =
  | { readonly role: string; readonly mediaType: string; readonly data: string | Uint8Array }
  /** `raw`: as it was, for the quarantine alone; absent where none is kept. */
  | { readonly role: string; readonly mediaType: string; readonly withheld: string; readonly raw?: string | Uint8Array }

export type Counts = Readonly<Record<string, number>>

/** What cleaning one span, resource or scope brought to light. */
export interface Findings {
  redactions: Counts | undefined
  /** Images, typed arrays and other bytes that were left alone, by kind. */
  unscanned?: Counts
  readonly contents: CleanContent[]
  readonly cuts: Cut[]
  /** Absent for what stands over several records. */
  place?: RecordPlace
}

export interface RecordPlace {
  readonly runId?: string
  readonly spanId?: string
}

export function newFindings(): Findings {
  return { redactions: undefined, contents: [], cuts: [] }
}

/** The sums by rule; never changes what it is given. */
export function mergeCounts(a: Counts | undefined, b: Counts | undefined): Counts | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const sum: Record<string, number> = { ...a }
  for (const [rule, count] of Object.entries(b)) sum[rule] = (sum[rule] ?? 0) + count
  return sum
}
