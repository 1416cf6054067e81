import { type RunStatus, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { StepRow } from './record-row.ts'
import { joinTags } from './step-facts.ts'

/** How much a span looks like the root of its run; the lowest wins. */
export const RANK_NONE = 3
/** Names of steps by which a run is found. */
export const STEP_NAMES_MAX = 1000

const ROOT_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(['run', 'training.run', 'agent'])

/** 0: a root by kind without a parent; 1: another one without a parent; 2: a root by kind under a foreign parent. */
function rankOf({ kind, parent }: StepRow): number {
  const parented = parent !== undefined
  return ROOT_KINDS.has(kind) ? (parented ? 2 : 0) : parented ? RANK_NONE : 1
}

/** 20 digits, so that text order is number order. */
export function paddedNanos(nanos: bigint): string {
  return String(nanos).padStart(20, '0')
}

export function plainNanos(padded: string): string {
  return padded.replace(/^0+(?=\d)/, '')
}

/** Tokens and cost of a step. */
export interface Usage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  /** In billionths. */
  readonly cost: number | undefined
}

/** What a step adds to the sums of its run. */
export interface Contribution extends Usage {
  readonly kind: StepKind
  readonly pending: boolean
  readonly error: boolean
  readonly redactions: number
}

/** Numbers of batches. */
interface SeenBatches {
  first: number
  last: number
}

interface Root {
  readonly rank: number
  readonly position: number
  /** As SQLite has it. */
  readonly span: bigint
  readonly start: bigint
  readonly end: bigint | undefined
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
  /** Whether it has a row, and the words under which that is listed. */
  stored = false
  words: readonly string[] = []
  storedStart: bigint | undefined
  changed = false

  trace: string
  root: Root | undefined
  service: string | undefined
  session: string | undefined
  tags: readonly string[] = []
  firstStart: bigint | undefined
  lastEnd: bigint | undefined
  steps = 0
  readonly byKind: Map<StepKind, number> = new Map()
  /** Steps by model, and the models whose count has changed; by name id. */
  readonly models: Map<number, number> = new Map()
  readonly changedModels: Set<number> = new Set()
  /** Name ids; at most `STEP_NAMES_MAX`. */
  readonly stepNames: Set<number> = new Set()
  /** In which batches of a sender, by its name id, something of it came; and those for which that has changed. */
  readonly senders: Map<number, SeenBatches> = new Map()
  readonly changedSenders: Set<number> = new Set()
  /** Steps with usage directly beneath, and of which kinds, by span (usage-nesting.ts); whether that is all there are. */
  readonly usageBeneath: Map<bigint, number> = new Map()
  usageBeneathWhole = true
  pending = 0
  errors = 0
  inputTokens = 0
  outputTokens = 0
  cost = 0
  costSteps = 0
  redactions = 0
  gaps = 0
  /** Records that say something else than the one of their step that stands. */
  conflicts = 0
  logs = 0
  replayable = 0
  /** Why its program is known to be gone; nothing has come from it since that was found. */
  interrupted: string | undefined

  constructor(id: number, namespace: string, run: string) {
    this.id = id
    this.namespace = namespace
    this.run = run
    this.trace = run
  }

  /** Adds (`sign` 1) or takes back (-1) what a step adds to the sums, but for its usage. `model` is a name id. */
  count(step: Contribution, model: number | undefined, sign: 1 | -1): void {
    this.changed = true
    this.byKind.set(step.kind, (this.byKind.get(step.kind) ?? 0) + sign)
    this.steps += sign
    if (step.pending) this.pending += sign
    if (step.error) this.errors += sign
    this.redactions += sign * step.redactions
    if (model === undefined) return
    this.models.set(model, (this.models.get(model) ?? 0) + sign)
    this.changedModels.add(model)
  }

  /** Adds or takes back the tokens and cost of a step. */
  countUsage(step: Usage, sign: 1 | -1): void {
    this.changed = true
    if (step.inputTokens !== undefined) this.inputTokens += sign * step.inputTokens
    if (step.outputTokens !== undefined) this.outputTokens += sign * step.outputTokens
    if (step.cost !== undefined) {
      this.cost += sign * step.cost
      this.costSteps += sign
    }
  }

  seeBatch(sender: number, sequence: number): void {
    const seen = this.senders.get(sender)
    if (seen === undefined) this.senders.set(sender, { first: sequence, last: sequence })
    else if (sequence > seen.last) seen.last = sequence
    else if (sequence < seen.first) seen.first = sequence
    else return
    this.changedSenders.add(sender)
    this.changed = true
  }

  /** Takes note of a record that now stands for its step; `position` is that of the step. */
  see(row: StepRow, position: number): void {
    this.changed = true
    this.interrupted = undefined
    const { startNanos, endNanos } = row
    if (this.firstStart === undefined || startNanos < this.firstStart) this.firstStart = startNanos
    if (endNanos !== undefined && (this.lastEnd === undefined || this.lastEnd < endNanos)) this.lastEnd = endNanos
    const { resource } = row
    this.service ??= resource.service
    this.session ??= row.session ?? resource.session
    if (row.tags.length > 0) this.tags = joinTags(this.tags, row.tags)
    if (resource.tags.length > 0) this.tags = joinTags(this.tags, resource.tags)
    const rank = rankOf(row)
    if (this.root !== undefined && !this.#isRoot(this.root, row, rank, position)) return
    this.root = {
      rank,
      position,
      span: row.span,
      start: startNanos,
      end: endNanos,
      pending: row.pending,
      error: row.error,
      name: row.name,
      kind: row.kind,
    }
    this.trace = row.traceId
    this.service = resource.service ?? this.service
    this.session = row.session ?? resource.session ?? this.session
  }

  /** Whether a record is of the root that is known, or of a better one. */
  #isRoot(root: Root, row: StepRow, rank: number, position: number): boolean {
    if (root.span === row.span) return true
    if (rank !== root.rank) return rank < root.rank
    if (position !== root.position) return position < root.position
    if (row.startNanos !== root.start) return row.startNanos < root.start
    return BigInt.asUintN(64, row.span) < BigInt.asUintN(64, root.span)
  }

  get rooted(): boolean {
    return this.root !== undefined && this.root.rank < RANK_NONE
  }

  get start(): bigint | undefined {
    return this.rooted && this.root !== undefined ? this.root.start : this.firstStart
  }

  /**
   * Of the root, once it is there. A run of our SDK whose root has not come is still running; a foreign trace may never
   * show its root, and is over when nothing in it is pending.
   */
  get end(): bigint | undefined {
    if (this.rooted && this.root !== undefined) return this.root.pending ? undefined : this.root.end
    return this.pending > 0 || this.replayable > 0 ? undefined : this.lastEnd
  }

  get status(): RunStatus {
    const open = this.interrupted === undefined ? 'running' : 'interrupted'
    if (this.rooted && this.root !== undefined)
      return this.root.pending || this.root.end === undefined ? open : this.root.error ? 'error' : 'ok'
    if (this.pending > 0 || this.replayable > 0) return open
    return this.errors > 0 ? 'error' : 'ok'
  }

  /** Counts by kind, in the order of kinds, without zeros. */
  kindsText(): string {
    let text = ''
    for (const kind of STEP_KINDS) {
      const count = this.byKind.get(kind) ?? 0
      // Kinds are plain words.
      if (count > 0) text += `${text === '' ? '' : ','}"${kind}":${count}`
    }
    return `{${text}}`
  }
}
