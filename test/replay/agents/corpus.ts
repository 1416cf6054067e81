import { loadRecording, replay } from '../../../src/replay/index.ts'
import { recordPrograms } from '../record-programs.ts'
import { AGENTS } from './agents.ts'
import { openWorld } from './world.ts'

export interface AgentReport {
  readonly name: string
  readonly replays: number
  /** Different digests of what the replays gave; one, where they are all alike. */
  readonly digests: number
  readonly steps: number
  /** Sums over all replays. */
  readonly exact: number
  readonly sockets: number
  readonly unmatched: number
  readonly unused: number
  readonly reads: number
  /** Of the first replay that was not exact. */
  readonly firstDeparture: string | undefined
}

/** Records every agent once, against a server that is then gone, and replays each `times` times. */
export async function* replayCorpus(times: number): AsyncGenerator<AgentReport> {
  const world = await openWorld()
  const folders = await recordPrograms(async () => {
    for (const run of Object.values(AGENTS)) await run().catch(() => undefined)
  })
  await world.close()
  for (const [name, run] of Object.entries(AGENTS)) {
    const recording = await loadRecording(folders.get(name) ?? '')
    const digests = new Set<string | undefined>()
    const sums = { exact: 0, sockets: 0, unmatched: 0, unused: 0, reads: 0 }
    let firstDeparture: string | undefined
    for (let at = 0; at < times; at++) {
      const { label, counts, output, divergences, effects } = await replay(recording, run)
      digests.add(output.replayed)
      if (label === 'exact' && output.equal) sums.exact++
      else firstDeparture ??= `${label}: ${divergences[0]?.message ?? JSON.stringify(effects)}`
      sums.sockets += counts.socketsDenied
      sums.unmatched += counts.unmatched
      sums.unused += counts.unused
      sums.reads += effects?.served ?? 0
    }
    yield { name, replays: times, digests: digests.size, steps: recording.steps.length, ...sums, firstDeparture }
  }
}
