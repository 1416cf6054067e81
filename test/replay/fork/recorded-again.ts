import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { AGENTS } from '../agents/agents.ts'
import { openWorld } from '../agents/world.ts'
import { LiveStore } from '../live-store.ts'

/**
 * Records these agents, replays each in mode `cached` with that recorded as a run of its own, and replays that run with the server gone.
 * Gives what is wrong, a line each.
 */
export async function replayRecordedAgain(names: readonly string[]): Promise<string[]> {
  const faults: string[] = []
  const world = await openWorld()
  const store = await LiveStore.open()
  try {
    for (const name of names) {
      const run = AGENTS[name]
      if (run === undefined) throw new Error(`no agent ${name}`)
      await run().catch(() => undefined)
      const recording = await store.recordingOf()
      const verdict = await replay(recording, run, { mode: 'cached', record: true })
      if (verdict.label !== 'cached') faults.push(`${name}: ${formatVerdict(verdict)}`)
      const child = await store.recordingOf(verdict.recordedRunId)
      const lineages = [recording, child].map(({ nodes }) => nodes.map(({ lineage }) => lineage).join())
      if (child.manifest.runId === recording.manifest.runId || lineages[0] !== lineages[1])
        faults.push(`${name}: other steps than replayed`)
      const again = await replay(child, run)
      if (again.label !== 'exact' || again.output.replayed !== verdict.output.replayed) faults.push(`${name}: ${formatVerdict(again)}`)
    }
  } finally {
    await store.close()
    await world.close()
  }
  return faults
}
