import { afterAll, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { instrument, tool } from '../../src/sdk/index.ts'
import { LiveStore } from './live-store.ts'

class Refused extends Error {
  override get name(): string {
    return 'RefusedError'
  }
}
class Missing extends Error {}
Object.defineProperty(Missing.prototype, 'name', { value: 'MissingError', writable: true, configurable: true })

let calls = 0
const open = tool(
  async (path: string): Promise<string> => {
    calls++
    throw path === '/locked' ? new Refused('locked') : new Missing(path)
  },
  { name: 'open' },
)
const report = tool(async (failure: Error): Promise<string> => `${failure.name}: ${failure.message}`, { name: 'report' })

const look = instrument(
  async (paths: readonly string[]): Promise<string[]> => {
    const found: string[] = []
    for (const path of paths) {
      try {
        await open(path)
      } catch (error) {
        found.push(await report(error as Error), (error as Error).name)
      }
    }
    if (paths.length === 1) throw new Missing('nothing')
    return found
  },
  { name: 'look' },
)

const live = await LiveStore.open()
afterAll(async () => await live.close())

it('an error has in a replay the name that its class gives', async () => {
  const found = await look(['/locked', '/gone'])
  expect(found).toEqual(['RefusedError: locked', 'RefusedError', 'MissingError: /gone', 'MissingError'])
  const before = calls
  const verdict = await replay(await live.recordingOf(), look)
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(calls).toBe(before)
})

it('also one that the program itself ends with', async () => {
  await expect(look(['/locked'])).rejects.toThrow('nothing')
  const verdict = await replay(await live.recordingOf(), look)
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
})
