import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { STORE_FORMAT } from '../../src/store/files/format-file.ts'
import { layoutOf } from '../../src/store/files/layout.ts'
import { openStore } from '../../src/store/index.ts'
import { type UpgradeStep, upgradeStore } from '../../src/store/upgrade/upgrade-store.ts'
import { appendSpans, openForTest, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'

const formatOf = (dir: string): string => readFileSync(join(dir, 'format.json'), 'utf8')

/** A store as format 1 was: nothing of it is sealed. */
async function formatOne(dir: string): Promise<string[]> {
  const store = await openStore(dir, { mode: 'write', segmentRollBytes: 3000 })
  for (let index = 0; index < 12; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: `"${index}"` } }))
  const lines = await readAllLines(store)
  await store.close()
  writeFileSync(join(dir, 'format.json'), '{"format":1}\n')
  return lines
}

describe('a store of format 1', () => {
  test('is read as it is, upgraded by the first writer, and then sealed', async () => {
    const dir = temporaryFolder()
    const lines = await formatOne(dir)
    const reader = await openStore(dir, { mode: 'read' })
    expect(await readAllLines(reader)).toEqual(lines)
    await reader.close()
    expect(formatOf(dir)).toBe('{"format":1}\n')
    const store = await openForTest(dir, { segmentRollBytes: 3000 })
    expect(formatOf(dir)).toBe(`{"format":${STORE_FORMAT}}\n`)
    expect((await store.seal()).files).toBeGreaterThan(1)
    expect(await readAllLines(store)).toEqual(lines)
    expect((await store.checkStore()).problems).toEqual([])
  })
})

describe('an upgrade', () => {
  /** Two steps, of which each leaves marks, and a point at which everything ends as if the process were killed. */
  class Killed extends Error {}
  const stepsEndingAt = (point: number, seen: string[]): UpgradeStep[] => {
    let passed = 0
    const pass = (name: string): void => {
      if (passed++ === point) throw new Killed()
      seen.push(name)
    }
    return [
      { from: 1, prepare: () => pass('prepare 1'), finish: () => pass('finish 1') },
      { from: 2, prepare: () => pass('prepare 2'), finish: () => pass('finish 2') },
    ]
  }

  test('that is killed at any step is done again, and the number on the disk is always one that holds', () => {
    for (let point = 0; point < 4; point++) {
      const dir = temporaryFolder()
      const layout = layoutOf(dir)
      writeFileSync(join(dir, 'format.json'), '{"format":1}\n')
      const seen: string[] = []
      expect(() => upgradeStore(layout, stepsEndingAt(point, seen), 3)).toThrow(Killed)
      const prepared = seen.filter((name) => name.startsWith('prepare')).length
      expect(formatOf(dir)).toBe(`{"format":${1 + prepared}}\n`)
      // This version would refuse 3; it is the number that the test's own steps lead to.
      if (1 + prepared <= STORE_FORMAT) {
        const again: string[] = []
        expect(upgradeStore(layout, stepsEndingAt(99, again), 3)).toBe(1 + prepared)
        expect(formatOf(dir)).toBe('{"format":3}\n')
        expect(again).toEqual([...['prepare 1', 'prepare 2'].slice(prepared), 'finish 1', 'finish 2'])
      }
      expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
    }
  })

  test('to which no step leads is refused', () => {
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'format.json'), '{"format":1}\n')
    expect(() => upgradeStore(layoutOf(dir), [{ from: 2 }], 3)).toThrow(expect.objectContaining({ code: 'store_version' }))
    expect(formatOf(dir)).toBe('{"format":1}\n')
  })
})

test('a later format is refused by reader, writer and check, saying which and what to do, and nothing is touched', async () => {
  const dir = temporaryFolder()
  await formatOne(dir)
  writeFileSync(join(dir, 'format.json'), `{"format":${STORE_FORMAT + 1}}\n`)
  const snapshot = (): string[] =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(
      (name) => `${name} ${statSync(join(dir, name)).mtimeMs} ${statSync(join(dir, name)).ctimeMs}`,
    )
  const before = snapshot()
  for (const mode of ['read', 'write'] as const) {
    await expect(openStore(dir, { mode })).rejects.toMatchObject({
      code: 'store_version',
      message: expect.stringMatching(/store format 3; .* formats up to 2\. Use the version that wrote it/),
    })
  }
  expect(snapshot()).toEqual(before)
})
