import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openRecorded } from '../../../src/replay/index.ts'
import { instrument, model } from '../../../src/sdk/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

let asked = 0
const chat = model(async (prompt: string) => `${prompt} ${++asked}`, { name: 'chat' })
const answer = instrument(async (prompt: string) => await chat(prompt), { name: 'answer' })

it('a test does not record over the recording of another that gives the same names, and says whose it replayed', async () => {
  const file = join(await temporaryFolder(), 'program.test.ts')
  for (const update of ['all', 'new'] as const) {
    const recordings = openRecorded({ file, update })
    try {
      const first = recordings.of('suite', 'answers')
      const [one, two] = [await first(answer, 'one'), await first(answer, 'two')]
      const before = asked
      // The same, tried again, is no other.
      await expect(recordings.of('suite', 'answers')(answer, 'one')).resolves.toBe(one)
      const other = recordings.of('suite', 'answers')(answer, 'three')
      await expect(other).rejects.toThrow(/another test of this run has the recording at .*recordings\.of\(t\)/)
      const again = openRecorded({ file, update: 'none' })
      expect([await again.of('suite', 'answers')(answer, 'one'), asked]).toEqual([one, before])
      const departed = again.of('suite', 'answers')(answer, 'three')
      await expect(departed).rejects.toThrow(/expected the replay to be exact[\s\S]*another test of this run has the recording at /)
      expect(two).toMatch(/^two /)
    } finally {
      await recordings.close()
    }
  }
})

it('refuses what is neither a name nor a test', () => {
  const { of } = openRecorded({ file: '/tests/program.test.ts', update: 'none' })
  expect(() => of({} as { fullName: string })).toThrow(
    /recordings\.of\(test\): expected the context of a test, with its fullName, or names/,
  )
})
