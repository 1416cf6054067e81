import { join, resolve } from 'node:path'
import type { PolicyConfig, Redactor } from '../../redaction/index.ts'
import { type OptionValues, STORE_PLACES } from '../../schemas/index.ts'
import { nowMillis } from '../run/clock.ts'
import { frameHeader, type SpoolFrame } from './frames.ts'
import { loadDetectorsNow } from './policy-now.ts'
import { redactBody } from './redact-body.ts'
import { redactionNow } from './redaction-loader.ts'
import { readKeyFile } from './spool-files.ts'
import { destinationOf, type SpoolFile, SpoolFolder } from './spool-folder.ts'

/** A body that was not acknowledged, as it would have been sent: not redacted. */
export interface UnsentBody {
  readonly body: Uint8Array
  /** Steps and announcements in it. */
  readonly steps: number
}

/** Steps that are lost after all. */
export interface SpoolLoss {
  readonly reason: 'redaction_failed' | 'spool_full' | 'spool_expired' | 'exit_timeout' | 'spool_failed'
  readonly count: number
}

export interface SpoolOutcome {
  readonly spooled: number
  readonly losses: readonly SpoolLoss[]
  /** What the file system or the loader said, where nothing could be kept. */
  readonly problem: string | undefined
}

/** A file is closed when it has come to this. */
const FILE_TARGET_BYTES = 8 * 1024 * 1024
/** Beyond the bound: notices of what did not fit. */
const NOTICES_MAX_BYTES = 64 * 1024

/** Everything that a spool needs, as it can go to another thread. */
export type SpoolOptions = Pick<OptionValues, 'endpoint' | 'store' | 'spool' | 'spoolFolder' | 'spoolMaxBytes' | 'spoolMaxAgeMillis'> & {
  readonly policy?: PolicyConfig
  readonly namespace?: string
}

/** Where a recorder leaves what it could not send. Nothing is made, read or loaded before there is something to keep. */
export class Spool {
  readonly folder: SpoolFolder
  readonly destination: string
  /** With absolute paths. */
  readonly options: SpoolOptions
  readonly #storeKeyPath: string
  #redactor: Redactor | undefined
  #redactorKey = Buffer.alloc(0)

  constructor(options: SpoolOptions) {
    // The program may change its working directory later.
    const store = absolute(options.store)
    this.destination = destinationOf(options.endpoint)
    this.#storeKeyPath = join(store, ...STORE_PLACES.redactionKey)
    this.folder = new SpoolFolder(options.spoolFolder === undefined ? join(store, STORE_PLACES.spool) : absolute(options.spoolFolder))
    const { endpoint, spool, spoolMaxBytes, spoolMaxAgeMillis, policy, namespace } = options
    const chosen = { ...(policy !== undefined && { policy }), ...(namespace !== undefined && { namespace }) }
    this.options = { endpoint, store, spool, spoolFolder: this.folder.path, spoolMaxBytes, spoolMaxAgeMillis, ...chosen }
  }

  get enabled(): boolean {
    return this.options.spool
  }

  /**
   * Redacts and keeps bodies, synchronously. Never throws.
   * @param notices makes bodies that tell of what was lost, for the same file
   * @param deadlineMillis on the clock of `nowMillis`: what is not redacted by then is given up
   */
  save(
    bodies: readonly UnsentBody[],
    notices: (losses: readonly SpoolLoss[]) => readonly Uint8Array[],
    deadlineMillis: number,
  ): SpoolOutcome {
    const steps = bodies.reduce((sum, body) => sum + body.steps, 0)
    try {
      // The engine before the folder: where it cannot be had, no folder is made.
      const redaction = redactionNow()
      this.folder.prepare()
      return this.#save(bodies, this.#redactorFrom(redaction), notices, deadlineMillis)
    } catch (error) {
      return { spooled: 0, losses: [{ reason: 'spool_failed', count: steps }], problem: problemOf(error) }
    }
  }

  #save(
    bodies: readonly UnsentBody[],
    redactor: Redactor,
    notices: (losses: readonly SpoolLoss[]) => readonly Uint8Array[],
    deadlineMillis: number,
  ): SpoolOutcome {
    const losses = new Losses()
    const frames: (SpoolFrame & { readonly steps: number })[] = []
    for (const [index, { body, steps }] of bodies.entries()) {
      // One is always kept: a short program's end costs little, whatever loading the engine took.
      if (index > 0 && nowMillis() > deadlineMillis) {
        losses.add('exit_timeout', steps)
        continue
      }
      const kept = redacted(body, steps, redactor)
      losses.add('redaction_failed', steps - (kept?.steps ?? 0))
      if (kept !== undefined) frames.push(kept)
    }
    let sizeBytes = 0
    for (const { body } of frames) sizeBytes += body.length
    // The newest are kept: they come last.
    while (sizeBytes > this.options.spoolMaxBytes) {
      const oldest = frames.shift()
      if (oldest === undefined) break
      sizeBytes -= oldest.body.length
      losses.add('spool_full', oldest.steps)
    }
    this.#makeRoom(sizeBytes, losses)
    const spooled = frames.reduce((sum, frame) => sum + frame.steps, 0)
    let noticeBytes = 0
    for (const body of losses.length === 0 ? [] : notices(losses.list())) {
      const kept = redacted(body, 1, redactor)
      noticeBytes += body.length
      if (kept !== undefined && noticeBytes <= NOTICES_MAX_BYTES) frames.push(kept)
    }
    for (const file of inFiles(frames))
      this.folder.write(
        this.destination,
        file.reduce((sum, { spans }) => sum + spans, 0),
        file.flatMap((frame) => [frameHeader(frame), frame.body]),
      )
    return { spooled, losses: losses.list(), problem: undefined }
  }

  /** Removes what is too old, then the oldest files until the new bytes fit. What somebody works on is left to them. */
  #makeRoom(newBytes: number, losses: Losses): void {
    const { spoolMaxBytes, spoolMaxAgeMillis } = this.options
    const files = this.folder.list()
    const latest = Date.now() - spoolMaxAgeMillis
    let sizeBytes = newBytes
    for (const file of files) sizeBytes += file.sizeBytes
    for (const file of files) {
      const expired = file.createdMillis < latest
      if (!expired && sizeBytes <= spoolMaxBytes) continue
      const own = isFree(file) ? this.folder.claim(file) : undefined
      if (own === undefined) continue
      this.folder.remove(own)
      sizeBytes -= file.sizeBytes
      losses.add(expired ? 'spool_expired' : 'spool_full', file.spans)
    }
  }

  /** The one of the last time, unless the key is another since: a store has been made. */
  #redactorFrom({ createRedactorFor }: ReturnType<typeof redactionNow>): Redactor {
    const key = this.#key()
    if (this.#redactor === undefined || !Buffer.from(key).equals(this.#redactorKey)) {
      const { policy, namespace } = this.options
      const plugged = loadDetectorsNow(policy)
      this.#redactor = createRedactorFor({ policy, key, plugged, ...(namespace !== undefined && { namespace }) })
      this.#redactorKey = Buffer.from(key)
    }
    return this.#redactor
  }

  /** The store's key where there is a store, so that a value has one pseudonym there; else the spool's own. */
  #key(): Uint8Array {
    try {
      return readKeyFile(this.#storeKeyPath)
    } catch {
      return this.folder.ownKey()
    }
  }
}

function absolute(path: string): string {
  try {
    return resolve(path)
  } catch {
    // The working directory has been removed. Recording goes on; the spool will say that it has no place.
    return path
  }
}

function isFree(file: SpoolFile): boolean {
  return file.state === 'ready' || file.state === 'bad' || file.abandoned
}

function redacted(body: Uint8Array, steps: number, redactor: Redactor): (SpoolFrame & { readonly steps: number }) | undefined {
  try {
    const clean = redactBody(body, redactor)
    return clean.spans === 0 ? undefined : { body: clean.body, spans: clean.spans, steps: Math.max(0, steps - clean.withheld) }
  } catch {
    return undefined
  }
}

function inFiles<T extends SpoolFrame>(frames: readonly T[]): T[][] {
  const files: T[][] = []
  let sizeBytes = Number.POSITIVE_INFINITY
  for (const frame of frames) {
    if (sizeBytes >= FILE_TARGET_BYTES) {
      files.push([])
      sizeBytes = 0
    }
    files.at(-1)?.push(frame)
    sizeBytes += frame.body.length
  }
  return files
}

class Losses {
  readonly #counts = new Map<SpoolLoss['reason'], number>()

  get length(): number {
    return this.#counts.size
  }

  add(reason: SpoolLoss['reason'], count: number): void {
    if (count > 0) this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count)
  }

  list(): SpoolLoss[] {
    return [...this.#counts].map(([reason, count]) => ({ reason, count }))
  }
}

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && code.startsWith('E') ? code : error.message
}
