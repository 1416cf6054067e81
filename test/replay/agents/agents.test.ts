import { expect, it } from 'vitest'
import { AGENTS } from './agents.ts'
import { replayCorpus } from './corpus.ts'

it('each of the twelve agents replays exactly, again and again, with its server gone', { timeout: 120_000 }, async () => {
  expect(Object.keys(AGENTS)).toHaveLength(12)
  for await (const { name, replays, steps, reads: _reads, ...report } of replayCorpus(4)) {
    expect(report, name).toEqual({ digests: 1, exact: replays, sockets: 0, unmatched: 0, unused: 0, firstDeparture: undefined })
    expect(steps, name).toBeGreaterThan(2)
  }
})
