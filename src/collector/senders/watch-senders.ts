import { hostname } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { canonicalJson, type RunSummary } from '../../schemas/index.ts'
import type { PreparedRecord, Store } from '../../store/index.ts'
import type { Logger } from '../log.ts'
import { lookForProcess, type Presence } from './process-presence.ts'
import { RepeatedLook } from './repeated-look.ts'

export interface WatchOptions {
  readonly store: Store
  readonly namespace: string
  readonly log: Logger
  /** How often to look; twice in a row nothing must have come of a run whose process is gone. */
  readonly intervalMillis?: number
  /** How long nothing may come of a run before it counts as given up, when its process cannot be looked for. */
  readonly silenceMillis?: number
  readonly host?: string
}

export interface SenderWatch {
  check(): Promise<void>
  close(): Promise<void>
}

const INTERVAL_MILLIS = 2_000
const SILENCE_MILLIS = 24 * 3_600_000
/** Open runs looked at in one go; a store with more looks at the newest. */
const RUNS_MAX = 1_000
const PAGE = 100

interface Watched {
  /** Changes when anything of the run comes. */
  readonly mark: string
  readonly sinceMillis: number
  readonly pid: number | undefined
  readonly sender: string | undefined
  /** Tells its process from a later one of the same number. */
  readonly ticks?: number | undefined
}

/**
 * Closes the runs of programs that are gone. What is found goes to the tape, as a gap record with the reason `sender-gone`
 * or `sender-silent`, so that every index made from it says the same; docs/queries.md has the rule.
 */
export function watchSenders(options: WatchOptions): SenderWatch {
  const { store, namespace, log, intervalMillis = INTERVAL_MILLIS, silenceMillis = SILENCE_MILLIS, host = hostname() } = options
  let watched = new Map<string, Watched>()

  const openRuns = async (): Promise<RunSummary[]> => {
    const runs: RunSummary[] = []
    let cursor: string | undefined
    do {
      const page = store.index.listRuns({ limit: PAGE, namespace, status: 'running', ...(cursor !== undefined && { cursor }) })
      runs.push(...page.runs)
      cursor = page.next
      if (cursor !== undefined) await nextTurn()
    } while (cursor !== undefined && runs.length < RUNS_MAX && !look.closed)
    return runs
  }

  const senderOf = (run: RunSummary): Pick<Watched, 'pid' | 'sender'> => {
    const spanId = run.rootSpanId ?? run.stage?.spanId
    const step =
      spanId === undefined
        ? store.index.listSteps(run.id, { limit: 1, namespace }).steps[0]
        : store.index.readStep(run.id, spanId, namespace)
    const attributes = step?.core.resource.attributes ?? {}
    const pid = attributes['process.pid']
    const sender = attributes['service.instance.id']
    return {
      // A number of a process means something on its own machine alone.
      pid: typeof pid === 'number' && attributes['host.name'] === host ? pid : undefined,
      sender: typeof sender === 'string' ? sender : undefined,
    }
  }

  const lookFor = (run: RunSummary, pid: number | undefined, before: Watched | undefined): Presence | undefined => {
    if (pid === undefined) return undefined
    return lookForProcess(pid, Number(BigInt(run.startNanos) / 1_000_000n), before?.pid === pid ? before.ticks : undefined)
  }

  const reasonOf = (presence: Presence | undefined, { sinceMillis }: Watched, quiet: boolean): string | undefined => {
    if (presence !== undefined) return quiet && !presence.present ? 'sender-gone' : undefined
    return performance.now() - sinceMillis >= silenceMillis ? 'sender-silent' : undefined
  }

  const look = new RepeatedLook({ store, log, intervalMillis, failure: 'senders-not-checked' }, async () => {
    const seen = new Map<string, Watched>()
    const records: PreparedRecord[] = []
    const runs = await openRuns()
    for (const [index, run] of runs.entries()) {
      if (look.closed) return
      if (index % 20 === 19) await nextTurn()
      const mark = `${run.steps} ${run.pending} ${run.logs ?? 0} ${run.gaps}`
      const before = watched.get(run.id)
      const quiet = before?.mark === mark
      const found = quiet && before !== undefined ? before : { mark, sinceMillis: performance.now(), ...senderOf(run) }
      const presence = lookFor(run, found.pid, before)
      const now: Watched = { ...found, ticks: presence?.ticks }
      const reason = reasonOf(presence, now, quiet)
      if (reason === undefined) seen.set(run.id, now)
      else records.push(gapOf(namespace, run, reason, now.sender))
    }
    watched = seen
    if (records.length === 0) return
    await store.append({ records, blobs: [] })
    log.info('runs-interrupted', { count: records.length })
  })

  return {
    check: async () => {
      await look.now()
      // A second look, since a run counts as quiet from the second on.
      await look.now()
    },
    close: async () => await look.close(),
  }
}

function gapOf(namespace: string, run: RunSummary, reason: string, sender: string | undefined): PreparedRecord {
  const core = canonicalJson({
    schema: 'reprise.gap/1',
    namespace,
    runId: run.id,
    reason,
    count: run.pending,
    ...(sender !== undefined && { sender }),
  })
  return { core, line: `{"core":${core},"refs":[]}` }
}
