import { setTimeout as pause } from 'node:timers/promises'
import { instrument, tool } from 'reprise'

// Programs, for recordings that replay-all.test.ts makes. The pauses differ, so that what begins first does not end first.

const double = tool(async (n: number) => n * 2, { name: 'double', effect: 'read' })

export const first = instrument(
  async function first(n: number) {
    await pause(n % 2 === 0 ? 120 : 1)
    return await double(n)
  },
  { name: 'first' },
)

export const second = instrument(async () => await double(1), { name: 'second' })

/** Asks for what was not recorded where nobody waits for the answer. */
export const polling = instrument(
  async (n: number) => {
    const timer = setInterval(async () => await double(99), 1)
    await pause(5)
    clearInterval(timer)
    return await double(n)
  },
  { name: 'polling' },
)

export const throwing = instrument(
  async (n: number) => {
    setTimeout(() => {
      throw new Error('out of a timer')
    }, 1)
    await pause(5)
    void Promise.reject(new Error('left alone'))
    return await double(n)
  },
  { name: 'throwing' },
)
