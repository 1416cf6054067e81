import { expect, it } from 'vitest'
import { countMispairs } from './interleavings.ts'

// All 1,000: npm run test:agents
it('pairs every call of seeded interleavings with its own answer, which a cursor and queues do not', { timeout: 60_000 }, async () => {
  const { ours, globalCursor, toolQueue, requestQueue, calls, ambiguous } = await countMispairs(3)
  expect({ calls, ambiguous, ours }).toEqual({ calls: 3 * 128, ambiguous: 3 * 128, ours: 0 })
  expect(globalCursor).toBeGreaterThan(0)
  expect(toolQueue).toBeGreaterThan(0)
  expect(requestQueue).toBeGreaterThan(0)
})
