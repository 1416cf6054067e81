import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, RepriseError, sha256Hex } from '../../schemas/index.ts'
import type { Store, TapeGroup, ViewPosition } from '../../store/index.ts'
import { type ForwardStats, type SignalForwardStats, Tally } from '../counters.ts'
import type { Logger } from '../log.ts'
import type { ForwardTarget } from '../options.ts'
import { Turn } from '../turn.ts'
import { backoffMillis } from './retry.ts'
import { openSender, type Sender } from './send.ts'
import { type ForwardedSignal, LOGS, SPANS } from './signal.ts'
import { type Destination, parseForwardTarget, refuseOwnAddress } from './target.ts'

export { parseForwardTarget } from './target.ts'

/** Views over the tape that send spans and log records on. They stop for nobody else and hold nobody else up. */
export interface Forwarder {
  stats(): ForwardStats
  /** Gives up the request under way; what was not taken stays for the next start. */
  close(): Promise<void>
}

export interface ForwarderOptions {
  readonly target: ForwardTarget
  readonly store: Store
  readonly ownHost: string
  readonly ownPort: number
  readonly log: Logger
  /** One try. Default 30 s. */
  readonly timeoutMillis?: number
}

const BATCH_MAX_BYTES = 4 * 1024 * 1024
const BATCH_MAX_RECORDS = 2_000
/** Requests spent on finding the records that a destination cannot take, before the rest of the batch is given up with them. */
const SPLIT_MAX_REQUESTS = 64
/** After a failure that is not the destination's: a store that cannot be read, or cannot save the cursor. */
const OWN_FAULT_WAIT_MILLIS = 5_000

/** @throws RepriseError `invalid_option` */
export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const { traces, logs } = parseForwardTarget(options.target)
  refuseOwnAddress(traces, { host: options.ownHost, port: options.ownPort })
  const open = async <T>(destination: Destination, signal: ForwardedSignal<T>): Promise<TapeForwarder<T>> =>
    new TapeForwarder(
      options.store,
      destination,
      signal,
      await openSender(destination, signal.readRejected, options.timeoutMillis),
      options.log,
    )
  // Each with a cursor of its own: a backend that takes one signal, or takes one slowly, gets the other all the same.
  const spans = await open(traces, SPANS)
  const logRecords = logs === undefined ? undefined : await open(logs, LOGS)
  return {
    stats() {
      const { sent: sentSpans, rejected: rejectedSpans, dead: deadSpans, ...progress } = spans.stats()
      const stats = { ...progress, sentSpans, rejectedSpans, deadSpans }
      if (logRecords === undefined) return stats
      const { sent: sentLogs, rejected: rejectedLogs, dead: deadLogs, ...logsProgress } = logRecords.stats()
      return { ...stats, logs: { ...logsProgress, sentLogs, rejectedLogs, deadLogs } }
    },
    async close() {
      await Promise.all([spans.close(), logRecords?.close()])
    },
  }
}

/** One signal, one destination. */
class TapeForwarder<Restored> {
  readonly #store: Store
  readonly #destination: Destination
  readonly #signal: ForwardedSignal<Restored>
  readonly #sender: Sender
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #deadByReason = new Tally()
  readonly #running: Promise<void>
  readonly #cursor: ReturnType<Store['openCursor']>
  #position: ViewPosition
  #state: SignalForwardStats['state'] = 'idle'
  #sent = 0
  #sentBytes = 0
  #rejected = 0
  #retries = 0
  #missing = 0
  #damagedGroups = 0
  #lastError: string | undefined
  #wake: () => void = () => undefined

  constructor(store: Store, destination: Destination, signal: ForwardedSignal<Restored>, sender: Sender, log: Logger) {
    this.#store = store
    this.#destination = destination
    this.#signal = signal
    this.#sender = sender
    this.#log = log
    // The name is a file name; the address itself may be long, or hold a key in its query.
    this.#cursor = store.openCursor(`forward-${sha256Hex(destination.key).slice(0, 32)}`)
    this.#position = this.#cursor.read()
    this.#running = this.#run()
  }

  stats(): SignalForwardStats {
    return {
      url: this.#destination.label,
      state: this.#state,
      nextGroup: this.#position.group,
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      rejected: this.#rejected,
      dead: this.#deadByReason.total(),
      deadByReason: this.#deadByReason.toRecord(),
      missingPayloads: this.#missing,
      damagedGroups: this.#damagedGroups,
      retries: this.#retries,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#sender.close()
  }

  async #run(): Promise<void> {
    const stopListening = this.#store.tape.onCommit(() => this.#wake())
    this.#stop.signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!this.#stop.signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve))
      try {
        await this.#sendGroups()
      } catch (error) {
        if (this.#stop.signal.aborted) break
        this.#note('retrying', RepriseError.isInstance(error) ? error.code : 'internal')
        await this.#pause(OWN_FAULT_WAIT_MILLIS)
        continue
      }
      this.#state = 'idle'
      await woken
    }
    this.#state = 'stopped'
    stopListening()
  }

  /** Sends everything up to the head; small groups go together in one request. */
  async #sendGroups(): Promise<void> {
    let batch: Restored[] = []
    let bytes = 0
    let next = this.#position
    const flush = async (position: ViewPosition): Promise<void> => {
      if (batch.length > 0) await this.#deliver(batch)
      batch = []
      bytes = 0
      // What was not taken because of the stop is taken up again at the next start.
      if (this.#stop.signal.aborted) return
      await this.#cursor.save(position.group, position.line)
      this.#position = position
    }
    const turn = new Turn()
    for await (const found of this.#readGroups(next.group)) {
      const lines = 'damaged' in found ? [] : found.lines
      for (let line = found.group === next.group ? next.line : 0; line < lines.length; line++) {
        if (turn.over) await turn.giveWay()
        const record = this.#restore(lines[line] ?? '')
        if (record === undefined) continue
        batch.push(record)
        bytes += this.#signal.sizeOf(record)
        if (batch.length >= BATCH_MAX_RECORDS || bytes >= BATCH_MAX_BYTES) await flush({ group: found.group, line: line + 1 })
        if (this.#stop.signal.aborted) return
      }
      next = { group: found.group + 1, line: 0 }
    }
    if (next.group !== this.#position.group || next.line !== this.#position.line) await flush(next)
  }

  /** A damaged group stays where it is for `reprise verify` to name; those after it go on. */
  async *#readGroups(from: number): AsyncGenerator<TapeGroup | { readonly group: number; readonly damaged: true }, void, void> {
    for (let group = from; group <= this.#store.tape.head().group; ) {
      try {
        for await (const found of this.#store.tape.readGroups(group)) {
          yield found
          group = found.group + 1
        }
        return
      } catch (error) {
        if (!RepriseError.isInstance(error) || error.code !== 'integrity') throw error
        this.#damagedGroups++
        this.#log.warn('forward-damaged-group', { to: this.#destination.label, group })
        yield { group, damaged: true }
        group++
      }
    }
  }

  #restore(line: string): Restored | undefined {
    try {
      return this.#signal.restore(line, (digest) => this.#readPayload(digest))
    } catch (error) {
      this.#kill(1, RepriseError.isInstance(error) ? error.code : 'unreadable_record')
      return undefined
    }
  }

  #readPayload(digest: Digest): Uint8Array | undefined {
    try {
      return this.#store.blobs.read(digest)
    } catch (error) {
      // Erased, or damaged: the record goes without it.
      if (!RepriseError.isInstance(error) || (error.code !== 'artifact_missing' && error.code !== 'integrity')) throw error
      this.#missing++
      return undefined
    }
  }

  /** Returns when every record of the batch was taken, or given up for a reason that is counted, or the forwarder stops. */
  async #deliver(batch: readonly Restored[]): Promise<void> {
    const parts: (readonly Restored[])[] = [batch]
    let requests = 0
    for (let part = parts.pop(); part !== undefined && !this.#stop.signal.aborted; part = parts.pop()) {
      const encoded = this.#signal.encode(part)
      if (encoded.unwritable > 0) this.#kill(encoded.unwritable, 'unwritable')
      if (encoded.records === 0) continue
      const outcome = await this.#sendUntilDecided(encoded.body)
      if (outcome === undefined) return
      requests++
      if (outcome.type === 'sent') {
        const rejected = Math.min(outcome.rejected, encoded.records)
        this.#sent += encoded.records - rejected
        this.#rejected += rejected
        this.#sentBytes += encoded.body.length
        this.#lastError = undefined
        if (rejected > 0) this.#log.warn('forward-partial', { to: this.#destination.label, rejected })
      } else if (outcome.divisible && part.length > 1 && requests < SPLIT_MAX_REQUESTS) {
        const middle = part.length >> 1
        parts.push(part.slice(middle), part.slice(0, middle))
      } else {
        this.#kill(encoded.records, outcome.reason)
      }
    }
  }

  async #sendUntilDecided(body: Uint8Array): Promise<Exclude<Awaited<ReturnType<Sender['send']>>, { type: 'retry' }> | undefined> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      this.#state = 'sending'
      const outcome = await this.#sender.send(body, this.#stop.signal)
      if (outcome.type !== 'retry') return outcome
      if (this.#stop.signal.aborted) break
      this.#retries++
      this.#note('retrying', outcome.reason)
      await this.#pause(outcome.afterMillis ?? backoffMillis(attempt))
    }
    return undefined
  }

  #note(state: SignalForwardStats['state'], reason: string): void {
    this.#state = state
    this.#lastError = reason
    this.#log.warn('forward-retry', { to: this.#destination.label, reason })
  }

  #kill(records: number, reason: string): void {
    this.#deadByReason.add(reason, records)
    this.#lastError = reason
    this.#log.warn('forward-dead', { to: this.#destination.label, reason, [this.#signal.noun]: records })
  }

  async #pause(millis: number): Promise<void> {
    await wait(millis, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
