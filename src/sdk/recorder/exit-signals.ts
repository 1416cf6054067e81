import { setImmediate } from 'node:timers'
import { isMainThread } from 'node:worker_threads'
import { runtime } from '../run/runtime.ts'
import { finishAtOnce } from './process-exit.ts'

/** SIGUSR2 is what nodemon restarts a program with. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const

/**
 * Listens for the signals that end a program, for as long as there is something that has not been sent: a listener takes the
 * place of the default action, and whoever counts listeners sees it. Called again while it listens, it does nothing.
 */
export function watchSignals(): void {
  const shared = runtime()
  // Signals reach the main thread alone; Windows ends a process without asking.
  if (shared.signalListener !== undefined || !isMainThread || process.platform === 'win32') return
  shared.signalListener = onSignal
  for (const signal of SIGNALS) process.prependListener(signal, onSignal)
}

export function unwatchSignals(): void {
  const shared = runtime()
  const { signalListener } = shared
  if (signalListener === undefined) return
  shared.signalListener = undefined
  for (const signal of SIGNALS) process.removeListener(signal, signalListener)
}

/**
 * Where the program listens as well, what the signal means is its own affair: nothing is swallowed, nothing is added. Where it
 * does not, the steps are sent or spooled, and the signal is raised again to take its default action.
 */
function onSignal(signal: NodeJS.Signals): void {
  const { recorder } = runtime()
  const others = process.listenerCount(signal) - 1
  if (others > raisersOf(others)) {
    // First of all, so that those after us see what they would see without us.
    unwatchSignals()
    // It may be the beginning of an end: send early.
    void recorder?.drain.run(false)
    setImmediate(() => {
      if (recorder != null && runtime().recorder === recorder && recorder.busy) watchSignals()
    })
    return
  }
  // Still listened for: a second one (npm passes on what the terminal has sent to all, nodemon signals twice) would end it in the middle.
  if (recorder != null) finishAtOnce(recorder)
  unwatchSignals()
  // Where there are such listeners they raise it again themselves, after this.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

/** Listeners of the package signal-exit, in whatever version: no handlers, they raise the signal again when nobody else listens. */
function raisersOf(listeners: number): number {
  let count = 0
  for (const emitter of [
    Reflect.get(process, '__signal_exit_emitter__'),
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
  ] as unknown[]) {
    if (typeof emitter !== 'object' || emitter === null) continue
    const listening: unknown = Reflect.get(emitter, 'count')
    if (typeof listening === 'number') count += listening
  }
  return Math.min(count, listeners)
}
