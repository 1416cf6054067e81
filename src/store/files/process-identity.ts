import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds a lock, precisely enough that a later process with the same pid is told apart. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** Changes with each boot, equal in all containers of a machine; absent where the system does not tell. */
  readonly bootId?: string
  /** Pids mean nothing across pid namespaces. */
  readonly pidNamespace?: string
  /** Clock ticks after boot at which the process started. */
  readonly startTicks?: string
}

function read(read: () => string): string | undefined {
  try {
    return read().trim() || undefined
  } catch {
    return undefined
  }
}

/** Field 22 of /proc/<pid>/stat. The second field is the command in parentheses and may hold anything, so count from its end. */
export function startTicksOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

export function ownIdentity(): ProcessIdentity {
  const bootId = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
  const pidNamespace = read(() => readlinkSync('/proc/self/ns/pid'))
  const startTicks = startTicksOf(process.pid)
  return {
    pid: process.pid,
    host: hostname(),
    ...(bootId !== undefined && { bootId }),
    ...(pidNamespace !== undefined && { pidNamespace }),
    ...(startTicks !== undefined && { startTicks }),
  }
}

/** Whether that very process is alive, as far as it can be seen from here; another process's pid is not enough. */
export function isAlive(holder: ProcessIdentity, own: ProcessIdentity): boolean {
  if (holder.bootId !== own.bootId || holder.pidNamespace !== own.pidNamespace) return false
  if (holder.bootId === undefined && holder.host !== own.host) return false
  if (holder.startTicks !== undefined) return startTicksOf(holder.pid) === holder.startTicks
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
