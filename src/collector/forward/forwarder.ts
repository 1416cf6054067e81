import { setTimeout as wait } from 'node:timers/promises'
import { type Digest, RepriseError, type SpanRecord, sha256Hex } from '../../schemas/index.ts'
import type { Store, TapeGroup, ViewPosition } from '../../store/index.ts'
import { type ForwardStats, Tally } from '../counters.ts'
import type { Logger } from '../log.ts'
import type { ForwardTarget } from '../options.ts'
import { Turn } from '../turn.ts'
import { encodeSpans, sizeOfSpan } from './encode.ts'
import { type RestoredSpan, restoreSpan } from './restore.ts'
import { backoffMillis } from './retry.ts'
import { openSender, type Sender } from './send.ts'
import { type Destination, parseForwardTarget, refuseOwnAddress } from './target.ts'

export { parseForwardTarget } from './target.ts'

/** A view over the tape that sends spans on. It stops for nobody else and holds nobody else up. */
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
const BATCH_MAX_SPANS = 2_000
/** Requests spent on finding the spans that a destination cannot take, before the rest of the batch is given up with them. */
const SPLIT_MAX_REQUESTS = 64
/** After a failure that is not the destination's: a store that cannot be read, or cannot save the cursor. */
const OWN_FAULT_WAIT_MILLIS = 5_000

/** @throws RepriseError `invalid_option` */
export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const destination = parseForwardTarget(options.target)
  refuseOwnAddress(destination, { host: options.ownHost, port: options.ownPort })
  const sender = await openSender(destination, options.timeoutMillis)
  return new TapeForwarder(options.store, destination, sender, options.log)
}

class TapeForwarder implements Forwarder {
  readonly #store: Store
  readonly #destination: Destination
  readonly #sender: Sender
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #deadByReason = new Tally()
  readonly #running: Promise<void>
  readonly #cursor: ReturnType<Store['openCursor']>
  #position: ViewPosition
  #state: ForwardStats['state'] = 'idle'
  #sentSpans = 0
  #sentBytes = 0
  #rejectedSpans = 0
  #retries = 0
  #missing = 0
  #damagedGroups = 0
  #lastError: string | undefined
  #wake: () => void = () => undefined

  constructor(store: Store, destination: Destination, sender: Sender, log: Logger) {
    this.#store = store
    this.#destination = destination
    this.#sender = sender
    this.#log = log
    // The name is a file name; the address itself may be long, or hold a key in its query.
    this.#cursor = store.openCursor(`forward-${sha256Hex(destination.key).slice(0, 32)}`)
    this.#position = this.#cursor.read()
    this.#running = this.#run()
  }

  stats(): ForwardStats {
    return {
      url: this.#destination.label,
      state: this.#state,
      nextGroup: this.#position.group,
      sentSpans: this.#sentSpans,
      sentBytes: this.#sentBytes,
      rejectedSpans: this.#rejectedSpans,
      deadSpans: this.#deadByReason.total(),
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
    let batch: RestoredSpan[] = []
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
        const span = this.#restore(lines[line] ?? '')
        if (span === undefined) continue
        batch.push(span)
        bytes += sizeOfSpan(span)
        if (batch.length >= BATCH_MAX_SPANS || bytes >= BATCH_MAX_BYTES) await flush({ group: found.group, line: line + 1 })
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

  #restore(line: string): RestoredSpan | undefined {
    try {
      const record = spanRecordOf(line)
      return record === undefined ? undefined : restoreSpan(record, (digest) => this.#readPayload(digest))
    } catch (error) {
      this.#kill(1, RepriseError.isInstance(error) ? error.code : 'unreadable_record')
      return undefined
    }
  }

  #readPayload(digest: Digest): Uint8Array | undefined {
    try {
      return this.#store.blobs.read(digest)
    } catch (error) {
      // Erased, or damaged: the span goes without it.
      if (!RepriseError.isInstance(error) || (error.code !== 'artifact_missing' && error.code !== 'integrity')) throw error
      this.#missing++
      return undefined
    }
  }

  /** Returns when every span of the batch was taken, or given up for a reason that is counted, or the forwarder stops. */
  async #deliver(batch: readonly RestoredSpan[]): Promise<void> {
    const parts: (readonly RestoredSpan[])[] = [batch]
    let requests = 0
    for (let part = parts.pop(); part !== undefined && !this.#stop.signal.aborted; part = parts.pop()) {
      const encoded = encodeSpans(part)
      if (encoded.unwritable > 0) this.#kill(encoded.unwritable, 'unwritable')
      if (encoded.spans === 0) continue
      const outcome = await this.#sendUntilDecided(encoded.body)
      if (outcome === undefined) return
      requests++
      if (outcome.type === 'sent') {
        const rejected = Math.min(outcome.rejectedSpans, encoded.spans)
        this.#sentSpans += encoded.spans - rejected
        this.#rejectedSpans += rejected
        this.#sentBytes += encoded.body.length
        this.#lastError = undefined
        if (rejected > 0) this.#log.warn('forward-partial', { to: this.#destination.label, rejected })
      } else if (outcome.divisible && part.length > 1 && requests < SPLIT_MAX_REQUESTS) {
        const middle = part.length >> 1
        parts.push(part.slice(middle), part.slice(0, middle))
      } else {
        this.#kill(encoded.spans, outcome.reason)
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

  #note(state: ForwardStats['state'], reason: string): void {
    this.#state = state
    this.#lastError = reason
    this.#log.warn('forward-retry', { to: this.#destination.label, reason })
  }

  #kill(spans: number, reason: string): void {
    this.#deadByReason.add(reason, spans)
    this.#lastError = reason
    this.#log.warn('forward-dead', { to: this.#destination.label, reason, spans })
  }

  async #pause(millis: number): Promise<void> {
    await wait(millis, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}

/** The record of one line of the tape, whose records this process wrote, or an earlier one of ours: undefined for a gap. */
function spanRecordOf(line: string): SpanRecord | undefined {
  const record: unknown = JSON.parse(line)
  return isSpanRecord(record) ? record : undefined
}

function isSpanRecord(record: unknown): record is SpanRecord {
  if (typeof record !== 'object' || record === null || !('core' in record) || !('refs' in record)) return false
  const { core, refs } = record
  return typeof core === 'object' && core !== null && 'schema' in core && core.schema === 'reprise.span/1' && Array.isArray(refs)
}
