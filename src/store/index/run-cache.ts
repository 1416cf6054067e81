import type { IndexDatabase } from './database.ts'
import type { NameTable } from './name-table.ts'
import { RowBuffer } from './row-buffer.ts'
import { RunState, STEP_NAMES_MAX } from './run-state.ts'
import { loadRun, type RunRows, saveRun } from './run-table.ts'
import { type ToldUsage, UsageNesting } from './usage-nesting.ts'

/** Runs kept in memory between transactions: those that records still come for; */
const RUNS_MAX = 2048
/** and the names of their steps, and the steps above others with usage, of which each may have very many: about 6 MiB. */
const NAMES_MAX = 200_000

/** The roll-ups of runs that records come for; written once a transaction. */
export class RunCache {
  readonly #database: IndexDatabase
  readonly #names: NameTable
  readonly #rows: RunRows
  readonly #stepNames: RowBuffer
  readonly #runs = new Map<string, RunState>()
  #last: RunState | undefined
  readonly #usage: UsageNesting
  /** In all of them. */
  #namesKept = 0
  #next: number
  readonly #runsMax: number
  readonly #namesMax: number

  constructor(
    database: IndexDatabase,
    names: NameTable,
    { runsMax = RUNS_MAX, namesMax = NAMES_MAX }: { runsMax?: number; namesMax?: number } = {},
  ) {
    this.#runsMax = runsMax
    this.#namesMax = namesMax
    this.#database = database
    this.#names = names
    this.#rows = {
      words: new RowBuffer(database, 'INSERT OR IGNORE INTO run_words(word, start, tie, run) VALUES', 4, 4),
      models: new RowBuffer(database, 'INSERT OR REPLACE INTO run_models(run, name, steps) VALUES', 3, 2),
      senders: new RowBuffer(database, 'INSERT OR REPLACE INTO run_senders(run, sender, first, last) VALUES', 4, 2),
    }
    this.#usage = new UsageNesting(database)
    this.#stepNames = new RowBuffer(database, 'INSERT OR IGNORE INTO run_step_names(run, name) VALUES', 2, 2)
    this.#next = Number(database.get('SELECT max(id) AS last FROM runs')?.['last'] ?? 0) + 1
  }

  /** `settle` brings a run up to date that is about to be put aside. */
  find(namespace: string, run: string, settle: () => void): RunState {
    const last = this.#last
    if (last !== undefined && last.run === run && last.namespace === namespace) return last
    // Ids are unique but for namespaces, so that one of another namespace is rarely met.
    let state = this.#runs.get(run)
    if (state?.namespace !== namespace) {
      if (state !== undefined) {
        settle()
        if (state.changed) saveRun(this.#database, this.#names, this.#rows, state)
        this.#flush()
        this.#namesKept -= namesOf(state)
      }
      state = this.#load(namespace, run) ?? new RunState(this.#next++, namespace, run)
      this.#runs.set(run, state)
      this.#namesKept += namesOf(state)
    }
    this.#last = state
    return state
  }

  #load(namespace: string, run: string): RunState | undefined {
    const state = loadRun(this.#database, this.#names, namespace, run)
    if (state !== undefined) this.#usage.load(state)
    return state
  }

  /** Which kinds of steps with usage are directly beneath the one of this span: a bit each. */
  kindsBeneath(run: RunState, span: bigint): number {
    return this.#usage.kindsBeneath(run, span)
  }

  usageOf(run: RunState, span: bigint): ToldUsage | undefined {
    return this.#usage.usageOf(run, span)
  }

  noteUsageBeneath(run: RunState, span: bigint, kinds: number): void {
    const before = run.usageBeneath.size
    this.#usage.note(run, span, kinds)
    this.#namesKept += run.usageBeneath.size - before
  }

  /** `name` is a name id. */
  addStepName(run: RunState, name: number): void {
    if (run.stepNames.has(name) || run.stepNames.size >= STEP_NAMES_MAX) return
    run.stepNames.add(name)
    this.#namesKept++
    this.#stepNames.add(run.id, name)
  }

  #flush(): void {
    this.#stepNames.flush()
    this.#rows.models.flush()
    this.#rows.senders.flush()
    this.#rows.words.flush()
  }

  /** Writes all that has changed, within the transaction of the caller. `breathe` is called after each run. */
  save(breathe: () => void = () => undefined): void {
    for (const state of this.#runs.values()) {
      if (!state.changed) continue
      saveRun(this.#database, this.#names, this.#rows, state)
      breathe()
    }
    this.#flush()
  }

  /** Lets go of runs that were met first, after a transaction. */
  trim(): void {
    for (const [key, state] of this.#runs) {
      if (this.#runs.size <= this.#runsMax && this.#namesKept <= this.#namesMax) break
      this.#runs.delete(key)
      this.#namesKept -= namesOf(state)
    }
    this.#last = undefined
  }
}

function namesOf({ stepNames, usageBeneath }: RunState): number {
  return stepNames.size + usageBeneath.size
}
