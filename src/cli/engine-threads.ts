import { readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/** With more than this, marking falls so far behind in overload, and where other processes are busy, that heaps take 50 MiB more. */
const NICER = 10
const TASKS = '/proc/self/task'

/**
 * The threads in which V8 compiles and collects. They come in the way of who receives and answers (of half of the slowest bodies,
 * as long as there is little to do), and hold memory down when there is much. On Linux with Node >= 24, which names them;
 * elsewhere nothing changes.
 */
export class EngineThreads {
  readonly #threads: readonly number[]
  readonly #base: number
  /** Whether this process may have a higher priority again: with CAP_SYS_NICE, or within RLIMIT_NICE. */
  readonly #mayRise: boolean

  constructor() {
    this.#threads = findThreads()
    this.#base = this.#threads.length === 0 ? 0 : getPriority()
    this.#mayRise = this.#set(NICER) && this.#set(0)
  }

  /** Lets all others go first, or stands with them. A process that may not rise again stands behind for good. */
  giveWay(gives: boolean): void {
    if (this.#mayRise) this.#set(gives ? NICER : 0)
  }

  #set(nicer: number): boolean {
    try {
      const nice = Math.min(this.#base + nicer, constants.priority.PRIORITY_LOW)
      for (const thread of this.#threads) setPriority(thread, nice)
      return true
    } catch {
      // Not permitted, or a thread has ended.
      return false
    }
  }
}

function findThreads(): number[] {
  try {
    const nameOf = (thread: string): string => readFileSync(`${TASKS}/${thread}/comm`, 'utf8').trim()
    return readdirSync(TASKS).flatMap((thread) => (nameOf(thread).endsWith('V8Worker') ? [Number(thread)] : []))
  } catch {
    // No Linux, or a system that hides its threads.
    return []
  }
}
