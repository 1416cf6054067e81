import { AsyncLocalStorage } from 'node:async_hooks'
import type { RepriseError } from '../../schemas/index.ts'

/** One attempt to reach the network. */
export interface Attempt {
  readonly api: string
  /** An address, a host name or an origin. */
  readonly target: string
  /** The innermost frame of the program's own code, where the stack shows one. */
  readonly frame: string | undefined
  /** The way there, innermost frame first: the program's and its dependencies'. */
  readonly stack: readonly string[]
}

/** Told of each attempt; gives the error that the attempt fails with. */
export interface Watcher {
  denied(attempt: Attempt): RepriseError
  /** Told of each call that goes to the machine unrecorded and is let through: a file, a child process, a worker thread. */
  unrecorded?(api: string): void
  /** Hosts, or hosts with ports, that are let through: `db.local`, `127.0.0.1:8080`, `[::1]:8080`. */
  readonly allow?: readonly string[]
  /** Whether what `fetch` is asked for now is answered without a socket. */
  isAnswered?(): boolean
}

const contexts = new AsyncLocalStorage<Watcher | 'unguarded'>()
/** For all code that no context speaks for; the last is the one that counts. */
const processWide: Watcher[] = []

/** Who watches the code that is running. */
export function currentWatcher(): Watcher | undefined {
  const found = contexts.getStore() ?? processWide.at(-1)
  return found === 'unguarded' ? undefined : found
}

/** Whether the code that is running is watched for itself, rather than because the whole process is. */
export function isWatchedAlone(): boolean {
  return contexts.getStore() !== undefined
}

export function runWatched<T>(watcher: Watcher | 'unguarded', fn: () => T): T {
  return contexts.run(watcher, fn)
}

/** The returned function ends it. */
export function watchProcess(watcher: Watcher): () => void {
  processWide.push(watcher)
  return () => {
    const index = processWide.lastIndexOf(watcher)
    if (index >= 0) processWide.splice(index, 1)
  }
}
