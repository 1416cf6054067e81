import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { interleave, median, printTable, runScript } from '../rounds.ts'
import { startModelServer } from './exchanges.ts'
import type { PeerName, PeerResult } from './peer.ts'

/** A small test, and runs in which what a process does once weighs less. Of two peers each exchange takes longer the more there are. */
const COUNTS = [100, 500, 2000]
const NAMES: readonly PeerName[] = ['reprise, calls', 'reprise, wire', 'fetch alone', 'SnapshotAgent', 'nock', 'Polly.js']
const SCRIPT = new URL('./peer.ts', import.meta.url)

/** The same HTTP exchanges, recorded once by each and replayed with the server gone, each replay in a process of its own. */
export async function benchPeers(rounds: number): Promise<void> {
  const names = NAMES.filter((name) => name !== 'Polly.js' || hasPolly())
  for (const count of COUNTS) {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
    try {
      const server = await startModelServer()
      for (const name of names) if (name !== 'reprise, wire') await runScript(SCRIPT, ['record', name, folder, server.url, String(count)])
      await server.close()
      const results = await interleave(names, rounds, (name) =>
        runScript<PeerResult>(SCRIPT, ['replay', name, folder, server.url, String(count)]),
      )
      const of = (name: PeerName, pick: (result: PeerResult) => number): number => median(results.get(name)!.map(pick))
      const first = (name: PeerName): number => of(name, (result) => result.first.replayMillis)
      const again = (name: PeerName): number => of(name, (result) => result.again.replayMillis)
      const whole = (name: PeerName): number => of(name, (result) => result.again.loadMillis + result.again.replayMillis)
      console.log(
        `\npeers, ${count} exchanges of 4 KiB each way, ${rounds} rounds (medians); the first replay of a process, and the fourth\n` +
          'exchanges/s and `time of` are of the replay, without what is loaded before it, but for `with load`; Polly.js loads while it replays',
      )
      printTable(
        [
          '',
          'exchanges/s, first',
          'fourth',
          'load ms, first',
          'fourth',
          'exchanges/s with load, fourth',
          'CPU ms in all, fourth',
          'time of calls, first',
          'fourth',
          'with load',
          'time of wire',
        ],
        names.map((name) => [
          name,
          ((1000 * count) / first(name)).toFixed(0),
          ((1000 * count) / again(name)).toFixed(0),
          of(name, (result) => result.first.loadMillis).toFixed(1),
          of(name, (result) => result.again.loadMillis).toFixed(1),
          ((1000 * count) / whole(name)).toFixed(0),
          of(name, (result) => result.again.cpuMillis).toFixed(0),
          `x ${(first(name) / first('reprise, calls')).toFixed(1)}`,
          `x ${(again(name) / again('reprise, calls')).toFixed(1)}`,
          `x ${(whole(name) / whole('reprise, calls')).toFixed(1)}`,
          `x ${(again(name) / again('reprise, wire')).toFixed(1)}`,
        ]),
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Installs it if need be; where that cannot be done the others are measured without it. */
function hasPolly(): boolean {
  const home = fileURLToPath(new URL('./peers/', import.meta.url))
  if (existsSync(join(home, 'node_modules', '@pollyjs', 'core'))) return true
  const args = ['install', '--prefix', home, '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: home, stdio: 'inherit' })
  if (status !== 0) console.error('Polly.js could not be installed: measured without it')
  return status === 0
}
