import { canonicalJson } from '../../schemas/index.ts'
import type { MissingBatches, PreparedRecord, Store } from '../../store/index.ts'
import type { Logger } from '../log.ts'
import { RepeatedLook } from './repeated-look.ts'
import type { SenderWatch } from './watch-senders.ts'

export interface BatchWatchOptions {
  readonly store: Store
  readonly namespace: string
  readonly log: Logger
  /** Whether there is something from which batches may yet come, such as files in the spool that have not been taken in. */
  readonly isExpecting: () => boolean
  readonly intervalMillis?: number
  /** How long a batch is waited for after a later one came. */
  readonly waitMillis?: number
  /** The same, while there is something from which it may yet come. */
  readonly waitMaxMillis?: number
}

export const LOST_REASON = 'batch-lost'

const INTERVAL_MILLIS = 5_000
const WAIT_MILLIS = 60_000
const WAIT_MAX_MILLIS = 600_000
/** Senders looked at in one go, and records written: what is more comes next. */
const SENDERS_MAX = 1_000
const RECORDS_MAX = 1_000

interface Hole extends MissingBatches {
  readonly sinceMillis: number
}

/**
 * Gives up numbered batches of senders that do not come. Each hole becomes one gap record on the tape, so that every index
 * made from it says the same; a batch that comes later is taken off it by the index. docs/queries.md has the rule.
 *
 * How long it has waited is known to this process alone: after a restart it waits anew.
 */
export function watchBatches(options: BatchWatchOptions): SenderWatch {
  const { store, namespace, log, isExpecting } = options
  const { intervalMillis = INTERVAL_MILLIS, waitMillis = WAIT_MILLIS, waitMaxMillis = WAIT_MAX_MILLIS } = options
  let waiting = new Map<string, Hole[]>()

  const look = new RepeatedLook({ store, log, intervalMillis, failure: 'batches-not-checked' }, async () => {
    const now = performance.now()
    const patienceMillis = isExpecting() ? waitMaxMillis : waitMillis
    const next = new Map<string, Hole[]>()
    const records: PreparedRecord[] = []
    for (const { sender, from, to } of store.index.listMissingBatches(SENDERS_MAX)) {
      // What is left of a hole that a late batch has split has waited as long as the whole.
      const before = waiting.get(sender)?.find((hole) => hole.from <= from && to <= hole.to)
      const hole = { sender, from, to, sinceMillis: before?.sinceMillis ?? now }
      if (now - hole.sinceMillis >= patienceMillis && records.length < RECORDS_MAX) records.push(recordOf(namespace, hole))
      else next.set(sender, [...(next.get(sender) ?? []), hole])
    }
    waiting = next
    if (records.length === 0 || look.closed) return
    await store.append({ records, blobs: [] })
    log.warn('batches-lost', { holes: records.length })
  })
  return { check: async () => await look.now(), close: async () => await look.close() }
}

function recordOf(namespace: string, { sender, from, to }: MissingBatches): PreparedRecord {
  const core = canonicalJson({
    schema: 'reprise.gap/1',
    namespace,
    sender,
    reason: LOST_REASON,
    batches: { from, to },
    // Every batch holds something.
    count: to - from + 1,
  })
  return { core, line: `{"core":${core},"refs":[]}` }
}
