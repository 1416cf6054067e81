import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { spawnCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-priorities-'))
const running: ChildProcess[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** The nice values of a process's threads, by name. */
function niceOf(pid: number): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim()
    found.set(name, [...(found.get(name) ?? []), getPriority(Number(thread))])
  }
  return found
}

test.runIf(process.platform === 'linux')('threads that receive, answer and make ready go before the index and the engine', async () => {
  const child = spawnCli(['up', '--store', join(folder, 'store'), '--port', '0', '--grpc-port', 'off', '--quiet'])
  running.push(child)
  // It says where it listens once all of its threads are there.
  await once(child.stdout!, 'data')
  const base = getPriority()
  const lowered = (by: number): number[] => [Math.min(base + by, 19)]
  const isEngine = (name: string): boolean => name.endsWith('V8Worker')
  const engine = (): number[] => [...niceOf(child.pid!)].flatMap(([name, nice]) => (isEngine(name) ? [...new Set(nice)] : []))
  await expect.poll(engine).toEqual(lowered(10))
  await expect.poll(() => niceOf(child.pid!).get('reprise-index')).toEqual(lowered(14))
  const others = [...niceOf(child.pid!)].filter(([name]) => name !== 'reprise-index' && !isEngine(name))
  expect(others.length).toBeGreaterThan(1)
  expect(new Set(others.flatMap(([, nice]) => nice))).toEqual(new Set([base]))
})
