import { setTimeout as pause } from 'node:timers/promises'
import { instrument, tool } from 'reprise'

// Two programs, for recordings that replay-all.test.ts makes. The pauses differ, so that what begins first does not end first.

const double = tool(async (n: number) => n * 2, { name: 'double', effect: 'read' })

export const first = instrument(
  async function first(n: number) {
    await pause(n % 2 === 0 ? 120 : 1)
    return await double(n)
  },
  { name: 'first' },
)

export const second = instrument(async () => await double(1), { name: 'second' })
