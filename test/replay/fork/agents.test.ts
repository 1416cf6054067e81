import { expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { AGENTS } from '../agents/agents.ts'
import { openWorld } from '../agents/world.ts'
import { expectExact } from '../expect-exact.ts'
import { LiveStore } from '../live-store.ts'

it('a replay of each agent, recorded as a run of its own, replays exactly as the run that it came from does', {
  timeout: 120_000,
}, async () => {
  const world = await openWorld()
  const store = await LiveStore.open()
  try {
    for (const [name, run] of Object.entries(AGENTS)) {
      await run().catch(() => undefined)
      const recording = await store.recordingOf()
      const verdict = await replay(recording, run, { mode: 'cached', record: true })
      expect(verdict.label, `${name}: ${formatVerdict(verdict)}`).toBe('cached')
      const child = await store.recordingOf(verdict.recordedRunId)
      expect(child.manifest.runId, name).not.toBe(recording.manifest.runId)
      expect(
        child.nodes.map(({ lineage }) => lineage),
        name,
      ).toEqual(recording.nodes.map(({ lineage }) => lineage))
      const again = await replay(child, run)
      expect(again.label, `${name}: ${formatVerdict(again)}`).toBe('exact')
      expectExact(again)
      expect(again.output.replayed, name).toBe(verdict.output.replayed)
    }
  } finally {
    await store.close()
    await world.close()
  }
})
