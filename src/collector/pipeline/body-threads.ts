import { Worker } from 'node:worker_threads'
import { BodyWorker } from './body-worker.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts'

/** Where bodies are made ready: a thread, or this one. */
export interface BodyThread {
  send(message: ToWorker): void
  /** Ends it; what it was working on is lost. */
  close(): Promise<void>
}

export interface BodyThreadEvents {
  onMessage(message: FromWorker): void
  /** It is gone without having been closed. `reason` is a word, never a message: that could quote a body. */
  onDeath(reason: string): void
}

/**
 * Three times what there is for new objects. Next to nothing of them is alive when that is full, so that to clear it costs the same
 * however large it is: with half of this, twice as often. With twice as much nothing was gained.
 */
const YOUNG_MAX_MIB = 12
/** What is alive at a time is one decoded body and caches. */
const OLD_MAX_MIB = 512

/** A thread of its own, which shares nothing with this one but the buffers that are handed over. */
export function startBodyThread(setup: WorkerSetup, name: string, events: BodyThreadEvents): BodyThread {
  // The thread runs whichever of the two this file is: a source or what was built from it.
  const file = import.meta.url.endsWith('.ts') ? './worker-thread.ts' : './worker-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: setup,
    name,
    // Nothing that the program was started with: `--input-type` would keep a thread from starting, an `--import` would run again.
    // node:sqlite, of the store, announces itself on some versions of Node.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB, maxOldGenerationSizeMb: OLD_MAX_MIB },
  })
  let closing = false
  let reason = 'exit'
  worker.on('message', (message: FromWorker) => events.onMessage(message))
  worker.on('error', (error: unknown) => {
    reason = error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.name) : typeof error
  })
  worker.once('exit', () => {
    if (!closing) events.onDeath(reason)
  })
  return {
    send(message) {
      const buffers = message.kind === 'work' ? [...message.jobs.map(({ body }) => body.buffer as ArrayBuffer), ...message.spare] : []
      worker.postMessage(message, buffers)
    },
    async close() {
      closing = true
      await worker.terminate()
    },
  }
}

/** The same on the event loop of this thread, in turns. */
export function startInlineBodies(setup: WorkerSetup, events: BodyThreadEvents, turn: () => Promise<void>): BodyThread {
  let answer: ((stored: boolean) => void) | undefined
  let working: Promise<void> = Promise.resolve()
  let closed = false
  const worker = new BodyWorker({
    ...setup,
    post: (message) => void (closed || events.onMessage(message)),
    isStored: () => new Promise((resolve) => (answer = resolve)),
    turn,
  })
  return {
    send(message) {
      if (message.kind === 'work') {
        working = working
          .then(() => worker.work(message.jobs, message.spare))
          .catch((error: unknown) => events.onDeath(error instanceof Error ? error.name : typeof error))
        return
      }
      answer?.(message.kind === 'goOn')
      answer = undefined
    },
    close() {
      closed = true
      return Promise.resolve()
    },
  }
}
