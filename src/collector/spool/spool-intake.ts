import { TraceWriter, type WireResource } from '../../otlp/index.ts'
import { ATTR, RepriseError, randomId16, randomId32 } from '../../schemas/index.ts'
import { readFrames, type SpoolContent, type SpoolFile, SpoolFolder } from '../../sdk/spool/index.ts'
import type { Logger } from '../log.ts'

/** `kept`: on the disk. `later`: the store does not take it now. `failed`: whoever read it broke. `never`: it cannot be read. */
export type TakenBody = 'kept' | 'later' | 'failed' | 'never'

export interface SpoolIntakeOptions {
  readonly folder: string
  /** Stores one OTLP protobuf body of spans, redacting it like any other. The bytes are handed over. */
  readonly take: (body: Uint8Array) => Promise<TakenBody>
  readonly log: Logger
  readonly pollMillis?: number
}

export interface SpoolIntakeStats {
  /** Files whose every body is in the store, and the bodies. */
  readonly files: number
  readonly bodies: number
  /** Files put aside because something in them could not be read. */
  readonly bad: number
}

export interface SpoolIntake {
  stats(): SpoolIntakeStats
  /** Whether there are files that have not been taken in, be it that somebody still writes or sends them. */
  isPending(): boolean
  /** Looks once, now; resolves when everything found has been taken in or given back. */
  look(): Promise<void>
  /** Lets the present body finish. What is not done stays in the spool. */
  close(): Promise<void>
}

const POLL_MILLIS = 1_000
/** After the store has refused. */
const PAUSE_MILLIS = 5_000
/** Of a file that breaks whoever reads it. */
const MAX_FAILURES = 3

/**
 * Takes in what recorded programs left in the spool, at once and for as long as it runs. A file is removed when every body of
 * it is durably stored; a crash before that stores some of them again, under the same span ids, which views show once.
 */
export function startSpoolIntake(options: SpoolIntakeOptions): SpoolIntake {
  const intake = new FolderIntake(options)
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  const look = (): Promise<void> => {
    looking ??= intake.look().finally(() => {
      looking = undefined
    })
    return looking
  }
  const schedule = (millis: number): void => {
    timer = setTimeout(() => {
      void look().then(() => {
        if (!intake.closed) schedule(intake.refused ? PAUSE_MILLIS : (options.pollMillis ?? POLL_MILLIS))
      })
    }, millis)
    timer.unref()
  }
  schedule(0)
  return {
    stats: () => ({ files: intake.files, bodies: intake.bodies, bad: intake.bad }),
    isPending: () => intake.isPending(),
    look,
    close: async () => {
      intake.closed = true
      clearTimeout(timer)
      await looking
    },
  }
}

class FolderIntake {
  readonly #options: SpoolIntakeOptions
  readonly #folder: SpoolFolder
  readonly #failures = new Map<string, number>()
  closed = false
  /** Whether the last look ended because the store took no more. */
  refused = false
  files = 0
  bodies = 0
  bad = 0

  constructor(options: SpoolIntakeOptions) {
    this.#options = options
    this.#folder = new SpoolFolder(options.folder)
  }

  isPending(): boolean {
    try {
      return this.#folder.list().some(({ state }) => state !== 'bad')
    } catch {
      return false
    }
  }

  async look(): Promise<void> {
    this.refused = false
    try {
      const free = this.#folder.list().filter(({ state, abandoned }) => state === 'ready' || abandoned)
      if (free.length === 0) return
      this.#folder.check()
      for (const file of free) {
        if (this.closed || this.refused) return
        const own = this.#folder.claim(file)
        if (own !== undefined) await this.#takeFile(own)
      }
    } catch (error) {
      this.#options.log.warn('spool-unreadable', { reason: reasonOf(error) })
    }
  }

  async #takeFile(file: SpoolFile): Promise<void> {
    const { log } = this.#options
    let content: SpoolContent
    try {
      content = readFrames(this.#folder.read(file))
    } catch (error) {
      this.#putAside(file, reasonOf(error))
      return
    }
    let unreadable = 0
    for (const { body } of content.frames) {
      // A buffer of its own, which the worker that reads it takes over.
      const taken = this.closed ? 'later' : await this.#options.take(Uint8Array.from(body))
      if (taken === 'later') return this.#giveBack(file)
      if (taken === 'failed' && this.#isFirstFailures(file)) return this.#giveBack(file)
      if (taken !== 'kept') unreadable++
      else this.bodies++
      this.#folder.touch(file)
    }
    const lost = file.spans - content.frames.reduce((sum, { spans }) => sum + spans, 0)
    if (lost > 0 || content.cutBytes > 0) {
      log.warn('spool-torn', { bytes: content.cutBytes, spans: lost })
      if ((await this.#options.take(gapBody('spool_torn', Math.max(1, lost)))) === 'later') return this.#giveBack(file)
    }
    this.#failures.delete(file.stem)
    if (unreadable > 0) return this.#putAside(file, 'a body could not be read')
    this.#folder.remove(file)
    this.files++
  }

  #isFirstFailures({ stem }: SpoolFile): boolean {
    const failures = (this.#failures.get(stem) ?? 0) + 1
    this.#failures.set(stem, failures)
    return failures < MAX_FAILURES
  }

  #giveBack(file: SpoolFile): void {
    this.refused = true
    this.#folder.release(file)
  }

  #putAside(file: SpoolFile, reason: string): void {
    this.#folder.setAside(file)
    this.bad++
    this.#options.log.warn('spool-file-bad', { reason, spans: file.spans })
  }
}

const NO_RESOURCE: WireResource = { attributes: [], droppedAttributes: 0 }

/** A notice that spans are missing, in the form in which the SDK sends one. */
function gapBody(reason: string, count: number): Uint8Array {
  const writer = new TraceWriter()
  const nowNanos = BigInt(Date.now()) * 1_000_000n
  writer.startResource(NO_RESOURCE)
  writer.startScope({ name: 'reprise', version: '', attributes: [], droppedAttributes: 0 })
  writer.addSpan({
    traceId: randomId32(),
    spanId: randomId16(),
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'reprise.gap',
    kind: 1,
    startNanos: nowNanos,
    endNanos: nowNanos,
    attributes: [
      [ATTR.gapReason, reason],
      [ATTR.gapCount, { int: BigInt(count) }],
    ],
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    status: { code: 0, message: '' },
  })
  return writer.finish()
}

function reasonOf(error: unknown): string {
  if (RepriseError.isInstance(error)) return error.code
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
