import { RepriseError } from '../../schemas/index.ts'
import { staleNames, syncNames } from '../../sdk/effects/index.ts'
import { guardHttp2 } from './http2.ts'
import { guardSockets } from './sockets.ts'
import { noteUnrecorded } from './unrecorded-io.ts'
import { type Attempt, runWatched, type Watcher, watchProcess } from './watch.ts'
import { guardWorkers, hearWorkers, leaveWorkers } from './workers.ts'

let uninstall: (() => void) | undefined
let users = 0

/** Puts the guards in place until the returned function is called; they do nothing to code that nobody watches. */
export function holdGuards(): () => void {
  if (users++ === 0) {
    const undo = [guardSockets(), guardHttp2(), guardWorkers(), noteUnrecorded()]
    staleNames()
    uninstall = () => {
      for (const restore of undo) restore()
      staleNames()
      syncNames()
    }
  }
  // Also where clients were hooked, and the guards were there.
  syncNames()
  let held = true
  return () => {
    if (!held) return
    held = false
    if (--users > 0) return
    uninstall?.()
    uninstall = undefined
  }
}

export interface Guarded<T> {
  readonly result: T
  /** Tells the watcher of what threads that `fn` started have attempted so far. */
  hear(): void
  /** Takes the guard away. */
  release(): void
}

/**
 * Runs `fn` so that nothing in its async context opens a socket, sends a datagram, resolves a name or reuses a pooled connection,
 * nor does any thread that it starts. The rest of the process is not affected.
 *
 * Not a sandbox: child processes, native code, threads that were there before and connections handed over from elsewhere are not covered.
 */
export function runGuarded<T>(watcher: Watcher, fn: () => T): Guarded<T> {
  const letGo = holdGuards()
  const release = (): void => {
    leaveWorkers(watcher)
    letGo()
  }
  try {
    return { result: runWatched(watcher, fn), hear: () => hearWorkers(watcher), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Within the guard: `fn` is not denied anything. */
export function runUnguarded<T>(fn: () => T): T {
  return runWatched('unguarded', fn)
}

/** Attempts beyond this many are counted alone. */
const KEPT_ATTEMPTS = 100

export interface NetworkDenial {
  /** What was denied so far, the first hundred, in order. What a replayed program attempts is in its verdict instead. */
  attempts(): readonly string[]
  /** How much was denied so far. */
  count(): number
  /** The network is there again. */
  release(): void
}

/**
 * Denies the whole process, and the threads that it starts from now on, what a replay denies its program: for runners whose other
 * code, such as what a module does when it is loaded, has no business on the network either.
 * @param allow hosts, or hosts with ports, that are let through: `db.local`, `127.0.0.1:8080`, `[::1]:8080`
 */
export function denyNetwork({ allow = [] }: { readonly allow?: readonly string[] } = {}): NetworkDenial {
  const kept: string[] = []
  let count = 0
  const watcher: Watcher = {
    allow,
    denied({ api, target, frame }: Attempt): RepriseError {
      const message = `${api} to ${target} was denied: this process replays${frame === undefined ? '' : ` (${frame})`}`
      if (++count <= KEPT_ATTEMPTS) kept.push(message)
      return new RepriseError('replay_diverged', message)
    },
  }
  const letGo = holdGuards()
  const stop = watchProcess(watcher)
  return {
    attempts() {
      hearWorkers(watcher)
      return kept
    },
    count() {
      hearWorkers(watcher)
      return count
    },
    release() {
      stop()
      leaveWorkers(watcher)
      letGo()
    },
  }
}
