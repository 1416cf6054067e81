import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import type { CollectorOptions } from '../../src/collector/index.ts'

/** A collector in a process of its own, while it is attacked. */
export interface Attacked {
  readonly url: string
  readonly grpcPort: number
  /** The most memory that it ever had, over what it had when it began, in MiB. */
  grownMib(): number
  turnedAway(): Promise<Record<string, number>>
}

export type Attack = (victim: Attacked) => Promise<void>

/** It must live to the end. */
export async function attackedIn(folder: string, options: Partial<CollectorOptions>, attack: Attack): Promise<void> {
  const child = spawn(process.execPath, [new URL('./run-grpc-collector.ts', import.meta.url).pathname, folder, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? '')
    const { url, grpcPort } = (await next()) as { url: string; grpcPort: number }
    const peak = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
    const before = peak()
    await attack({
      url,
      grpcPort,
      grownMib: () => peak() - before,
      turnedAway: async () => {
        child.stdin.write('\n')
        return ((await next()) as { requestsTurnedAway: Record<string, number> }).requestsTurnedAway
      },
    })
    expect(child.exitCode).toBe(null)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
