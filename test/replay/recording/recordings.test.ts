import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatVerdict, loadRecording, replay } from 'reprise/replay'
import { expect, it } from 'vitest'

const home = fileURLToPath(new URL('../../recordings/', import.meta.url))
const names = readdirSync(home, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

it('has recordings to replay', () => expect(names).toContain('first-light'))

it.for(names)('%s, recorded by an earlier release, replays exactly', async (name) => {
  const { program } = (await import(`../../recordings/${name}-program.ts`)) as { program: (...args: never[]) => unknown }
  const recording = await loadRecording(join(home, name))
  for (let round = 0; round < 3; round++) {
    const verdict = await replay(recording, program)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    expect(verdict.divergences).toEqual([])
  }
})
