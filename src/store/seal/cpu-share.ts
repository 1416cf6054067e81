import { availableParallelism } from 'node:os'

/** How much of the machine's cores this process has used since it was last asked, from 0 to 1. */
export class CpuShare {
  #usage = process.cpuUsage()
  #at = performance.now()

  /** Begins anew. */
  restart(): void {
    this.#usage = process.cpuUsage()
    this.#at = performance.now()
  }

  read(): number {
    const { user, system } = process.cpuUsage(this.#usage)
    const elapsedMicros = Math.max(1, (performance.now() - this.#at) * 1000)
    return (user + system) / elapsedMicros / availableParallelism()
  }
}
