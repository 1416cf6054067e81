import { fileURLToPath } from 'node:url'
import workerThreads, { type BroadcastChannel, type MessagePort, receiveMessageOnPort, type WorkerOptions } from 'node:worker_threads'
import { replaceProperty, type Undo } from './methods.ts'
import { type Attempt, currentWatcher, type Watcher } from './watch.ts'
import { encodeOrders } from './worker-orders.ts'

/** Where the attempts of the threads that a watcher answers for arrive. */
const channels = new Map<Watcher, BroadcastChannel>()
let opened = 0

/** Threads that are started by watched code are watched too, from before their first line. */
export function guardWorkers(): Undo {
  const { Worker } = workerThreads
  const watched = new Proxy(Worker, {
    construct(target, [file, options], newTarget) {
      const watcher = currentWatcher()
      if (watcher === undefined) return Reflect.construct(target, [file, options], newTarget) as object
      const given = (options ?? {}) as WorkerOptions
      const execArgv = [...(given.execArgv ?? inheritedFlags()), ...preloadFor(watcher)]
      return Reflect.construct(target, [file, { ...given, execArgv }], newTarget) as object
    },
  })
  return replaceProperty(workerThreads, 'Worker', watched)
}

/** Tells the watcher of what its threads have attempted so far, also of what has arrived and had no turn yet. */
export function hearWorkers(watcher: Watcher): void {
  const channel = channels.get(watcher)
  if (channel === undefined) return
  // The types know it of ports alone.
  const port: object = channel
  for (let next = receive(port); next !== undefined; next = receive(port)) {
    tell(watcher, next.message)
  }
}

function tell(watcher: Watcher, message: unknown): void {
  const attempt = message as Attempt
  watcher.denied({ ...attempt, api: `a worker's ${attempt.api}` })
}

function receive(port: object): { message: unknown } | undefined {
  return receiveMessageOnPort(port as MessagePort)
}

/**
 * The flags of such a thread: what it loads first, by `--require`, since Node passes over `--import` where a thread's code is a text;
 * and its orders, under the one flag that takes any text and that the thread can read.
 */
function preloadFor(watcher: Watcher): string[] {
  let channel = channels.get(watcher)
  if (channel === undefined) {
    channel = new workerThreads.BroadcastChannel(`reprise.guard.${process.pid}.${workerThreads.threadId}.${++opened}`)
    channel.onmessage = (event) => tell(watcher, (event as { data: unknown }).data)
    channel.unref()
    channels.set(watcher, channel)
  }
  const file = new URL(import.meta.url.endsWith('.ts') ? './worker-preload.ts' : './worker-preload.js', import.meta.url)
  return ['--require', fileURLToPath(file), `--conditions=${encodeOrders({ channel: channel.name, allow: watcher.allow ?? [] })}`]
}

/** The flags of this process that a thread may be given; it inherits the others whatever it is given. */
function inheritedFlags(): string[] {
  return process.execArgv.filter(
    (flag, index, all) => OF_THREADS.test(flag) || (!flag.startsWith('-') && WITH_VALUE.test(all[index - 1] ?? '')),
  )
}

const OF_THREADS =
  /^(?:-C|-r|--conditions|--require|--import|--loader|--(?:no-)?experimental-|--no-warnings|--disable-warning|--(?:no-)?deprecation|--(?:enable|no)-source-maps|--preserve-symlinks|--input-type|--no-strip-types|--unhandled-rejections|--trace-warnings)/
const WITH_VALUE =
  /^(?:-C|-r|--conditions|--require|--import|--loader|--experimental-loader|--disable-warning|--input-type|--unhandled-rejections)$/

/** Forgets the threads of a watcher. */
export function leaveWorkers(watcher: Watcher): void {
  channels.get(watcher)?.close()
  channels.delete(watcher)
}
