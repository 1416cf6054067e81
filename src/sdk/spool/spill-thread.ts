import { Worker } from 'node:worker_threads'
import { moduleUrl } from '../module-url.ts'
import type { SpoolOptions, SpoolOutcome, UnsentBody } from './spool.ts'

/** Its objects are gone with each body; with more room than this they would only take the program's memory. */
const YOUNG_MAX_MIB = 6
/** The redaction engine, one body, and its clean form. */
const OLD_MAX_MIB = 256

const FAILED = 'the thread that spools is gone'

/**
 * Spools in a thread of its own, so that neither loading the redaction engine, nor redacting, nor the disk holds the program
 * up. One body at a time.
 */
export class SpillThread {
  readonly #worker: Worker
  #settle: ((outcome: SpoolOutcome) => void) | undefined
  #steps = 0
  #gone = false

  /** @throws whatever keeps a thread from being started, where a bundler has put its file elsewhere for example */
  constructor(options: SpoolOptions) {
    // The thread runs whichever of the two this file is: a source or what was built from it.
    const here = moduleUrl(import.meta.url)
    const file = new URL(here.endsWith('.ts') ? './spill-worker.ts' : './spill-worker.js', here)
    // Nothing that the program was started with: an `--import` of its own would be run again.
    this.#worker = new Worker(file, {
      execArgv: [],
      env: {},
      name: 'reprise-spool',
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB, maxOldGenerationSizeMb: OLD_MAX_MIB },
    })
    this.#worker.on('message', (outcome: SpoolOutcome) => this.#end(outcome))
    this.#worker.on('error', (error: unknown) => this.#fail(error instanceof Error ? error.message : FAILED))
    this.#worker.on('exit', () => this.#fail(FAILED))
    this.#worker.unref()
  }

  /** Redacts and keeps a body; the bytes stay the caller's. Never rejects: what went wrong is in the outcome. */
  async save({ body, steps }: UnsentBody): Promise<SpoolOutcome> {
    return await new Promise((resolve) => {
      this.#steps = steps
      this.#settle = resolve
      if (this.#gone) this.#fail(FAILED)
      else this.#worker.postMessage({ body, steps })
    })
  }

  keepAlive(keepsAlive: boolean): void {
    if (keepsAlive) this.#worker.ref()
    else this.#worker.unref()
  }

  /** It ends by itself after what it has under way, so that what becomes of that is known. */
  close(): void {
    this.#gone = true
    this.#worker.unref()
    this.#worker.postMessage(undefined)
  }

  #fail(problem: string): void {
    this.#gone = true
    this.#end({ spooled: 0, losses: [{ reason: 'spool_failed', count: this.#steps }], problem })
  }

  #end(outcome: SpoolOutcome): void {
    this.#settle?.(outcome)
    this.#settle = undefined
  }
}
