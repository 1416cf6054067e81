import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findObsolete, removeRecordings } from '../../../src/replay/testing/obsolete.ts'
import { recordingPlace } from '../../../src/replay/testing/recording-place.ts'
import { temporaryFolder } from '../temporary-folder.ts'

async function project(): Promise<{ path: string; home: string; add(file: string, names: string[], call: number): Promise<string> }> {
  const home = await temporaryFolder()
  const path = join(home, 'a.test.ts')
  for (const file of ['a.test.ts', 'b.test.ts']) await writeFile(join(home, file), '')
  const add = async (file: string, names: string[], call: number): Promise<string> => {
    const folder = join(recordingPlace(join(home, file), names), String(call))
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'recording.json'), '')
    return folder
  }
  return { path, home, add }
}

describe('obsolete recordings', () => {
  it('are those of tests, calls and files that are gone, and no others', async () => {
    const { path, home, add } = await project()
    await add('a.test.ts', ['suite', 'kept'], 1)
    await add('a.test.ts', ['failed'], 4)
    await add('b.test.ts', ['of a file that did not run'], 1)
    const gone = [
      await add('a.test.ts', ['suite', 'kept'], 3),
      await add('a.test.ts', ['renamed'], 1),
      await add('c.test.ts', ['of a file that is gone'], 2),
    ].sort()
    const place = (...names: string[]): string => recordingPlace(path, names)
    const tests = [
      { place: place('suite', 'kept'), calls: 2 },
      { place: place('failed'), calls: undefined },
    ]
    expect(findObsolete([{ path, tests }])).toEqual(gone)
    expect(findObsolete([])).toEqual([])

    await writeFile(join(recordingPlace(path, ['renamed']), 'notes.txt'), 'of somebody')
    removeRecordings(gone)
    expect(findObsolete([{ path, tests }])).toEqual([])
    const left = (await readdir(join(home, '__recordings__'), { recursive: true })).filter((entry) => /(?:json|txt)$/.test(entry))
    expect(left).toHaveLength(4)
    expect((await readdir(join(home, '__recordings__'))).sort()).toEqual(['a.test.ts', 'b.test.ts'])
  })

  it('are none where there is nothing', async () => {
    const { path } = await project()
    expect(findObsolete([{ path, tests: [] }])).toEqual([])
  })
})
