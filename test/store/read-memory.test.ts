import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { openForTest, prepareSpan, sketchOf, temporaryFolder } from './support/records.ts'

const RUN = 'ab'.repeat(16)

test('a reader that keeps nothing reads what one that keeps all does, group by group, large and small', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  // Several blocks of a frame, less than one, and again several.
  for (const [group, steps] of [700, 1, 300, 2, 900].entries()) {
    const spans = Array.from({ length: steps }, (_, index) => prepareSpan(sketchOf(RUN, group * 1000 + index)))
    await store.append({ records: spans.map(({ record }) => record), blobs: spans.flatMap(({ blobs }) => blobs) })
  }
  await store.close()
  const kept = new Tape(layoutOf(dir))
  const once = new Tape(layoutOf(dir), 0)
  for (const group of [4, 0, 1, 2, 3, 3, 1, 4]) {
    const read = once.readContent(group)
    const wanted = kept.readContent(group)
    expect(read.content.equals(wanted.content)).toBe(true)
    expect(read.starts).toEqual(wanted.starts)
    if (group === 2) once.release()
  }
  expect(kept.readGroup(0).length).toBe(700)
  kept.close()
  once.close()
})

test('a damaged group in between does not pass for the one that was read before', async () => {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  for (let group = 0; group < 3; group++) {
    const spans = Array.from({ length: 400 }, (_, index) => prepareSpan(sketchOf(RUN, group * 1000 + index)))
    await store.append({ records: spans.map(({ record }) => record), blobs: spans.flatMap(({ blobs }) => blobs) })
  }
  await store.close()
  const once = new Tape(layoutOf(dir), 0)
  const [first] = once.readGroup(0)
  const damaged = once.entryOf(1)
  expect(damaged).toBeDefined()
  const path = once.segmentFile(0)
  const bytes = readFileSync(path)
  const at = (damaged?.frameOffset ?? 0) + 5000
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
  expect(() => once.readContent(1)).toThrow('damaged')
  expect(once.readLine(0, 0)).toBe(first)
  once.close()
})
