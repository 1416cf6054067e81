import { type RunStatus, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { StepRow } from './record-row.ts'

/** How much a span looks like the root of its run; the lowest wins. */
export const RANK_NONE = 3

const ROOT_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(['run', 'training.run', 'agent'])

/** 0: a root by kind without a parent; 1: another one without a parent; 2: a root by kind under a foreign parent. */
function rankOf({ kind, parented }: StepRow): number {
  return ROOT_KINDS.has(kind) ? (parented ? 2 : 0) : parented ? RANK_NONE : 1
}

/** 20 digits, so that text order is number order. */
export function paddedNanos(nanos: string): string {
  return nanos.padStart(20, '0')
}

export function plainNanos(padded: string): string {
  return padded.replace(/^0+(?=\d)/, '')
}

/** What a step adds to the sums of its run. */
export interface Contribution {
  readonly kind: StepKind
  readonly pending: boolean
  readonly error: boolean
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly redactions: number
}

interface Root {
  readonly rank: number
  readonly position: number
  readonly span: string
  readonly start: string
  readonly end: string | undefined
  readonly pending: boolean
  readonly error: boolean
  readonly name: string
  readonly kind: StepKind
}

/** The roll-up of one run while records are added to it. It depends on the records and their order alone. */
export class RunState {
  readonly id: number
  readonly namespace: string
  readonly run: string
  trace: string
  root: Root | undefined
  service: string | undefined
  firstStart: string
  lastEnd: string | undefined
  steps = 0
  readonly byKind: Map<StepKind, number> = new Map()
  pending = 0
  errors = 0
  inputTokens = 0
  outputTokens = 0
  redactions = 0
  gaps = 0
  replayable = 0

  constructor(id: number, namespace: string, run: string) {
    this.id = id
    this.namespace = namespace
    this.run = run
    this.trace = run
    this.firstStart = ''
  }

  /** Adds (`sign` 1) or takes back (-1) what a step adds to the sums. */
  count(step: Contribution, sign: 1 | -1): void {
    this.byKind.set(step.kind, (this.byKind.get(step.kind) ?? 0) + sign)
    this.steps += sign
    if (step.pending) this.pending += sign
    if (step.error) this.errors += sign
    this.inputTokens += sign * (step.inputTokens ?? 0)
    this.outputTokens += sign * (step.outputTokens ?? 0)
    this.redactions += sign * step.redactions
  }

  /** Takes note of a record that now stands for its step. */
  see(row: StepRow): void {
    const start = paddedNanos(row.startNanos)
    if (this.firstStart === '' || start < this.firstStart) this.firstStart = start
    const end = row.endNanos === undefined ? undefined : paddedNanos(row.endNanos)
    if (end !== undefined && (this.lastEnd === undefined || end > this.lastEnd)) this.lastEnd = end
    this.service ??= row.service
    const candidate: Root = {
      rank: rankOf(row),
      position: row.position,
      span: row.spanId,
      start,
      end,
      pending: row.pending,
      error: row.error,
      name: row.name,
      kind: row.kind,
    }
    if (this.root !== undefined && this.root.span !== row.spanId && !isBefore(candidate, this.root)) return
    this.root = candidate
    this.trace = row.traceId
    this.service = row.service ?? this.service
  }

  get rooted(): boolean {
    return this.root !== undefined && this.root.rank < RANK_NONE
  }

  get start(): string {
    return this.rooted && this.root !== undefined ? this.root.start : this.firstStart
  }

  /**
   * Of the root, once it is there. A run of our SDK whose root has not come is still running; a foreign trace may never
   * show its root, and is over when nothing in it is pending.
   */
  get end(): string | undefined {
    if (this.rooted && this.root !== undefined) return this.root.pending ? undefined : this.root.end
    return this.pending > 0 || this.replayable > 0 ? undefined : this.lastEnd
  }

  get status(): RunStatus {
    if (this.rooted && this.root !== undefined)
      return this.root.pending || this.root.end === undefined ? 'running' : this.root.error ? 'error' : 'ok'
    if (this.pending > 0 || this.replayable > 0) return 'running'
    return this.errors > 0 ? 'error' : 'ok'
  }

  /** Counts by kind, in the order of kinds, without zeros. */
  kindsText(): string {
    return JSON.stringify(
      Object.fromEntries(STEP_KINDS.map((kind) => [kind, this.byKind.get(kind) ?? 0] as const).filter(([, count]) => count > 0)),
    )
  }
}

function isBefore(left: Root, right: Root): boolean {
  if (left.rank !== right.rank) return left.rank < right.rank
  if (left.position !== right.position) return left.position < right.position
  if (left.start !== right.start) return left.start < right.start
  return left.span < right.span
}
