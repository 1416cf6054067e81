import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { FileWindow, giveBack } from '../../src/store/frames/file-window.ts'
import { decodeFrame } from '../../src/store/frames/raw-zstd.ts'
import { compressBlock, giveBackFrame } from '../../src/store/seal/compress.ts'
import { GroupDigest, NO_DIGEST } from '../../src/store/tape/group-digest.ts'
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

test('a window moves over a large file in one memory, and grows for what is longer', () => {
  const file = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251))
  const memories = new Set<ArrayBufferLike>()
  const source = {
    sizeBytes: () => file.length,
    readUpTo: (target: Uint8Array, position: number): number => {
      memories.add(target.buffer)
      return file.copy(target, 0, position)
    },
  }
  const window = new FileWindow(source, 64)
  for (const at of [0, 60, 64, 4000, 3, 4990, 4999, 5000]) {
    expect(window.read(at, 8).equals(file.subarray(at, at + 8))).toBe(true)
  }
  expect(memories.size).toBe(1)
  expect(window.read(100, 1000).equals(file.subarray(100, 1100))).toBe(true)
  expect(window.read(700, 8).equals(file.subarray(700, 708))).toBe(true)
  expect(window.read(2000, 8).equals(file.subarray(2000, 2008))).toBe(true)
  expect(memories.size).toBe(2)
})

test('what was compressed and read back is in memory of its own, and is gone when it is given back', () => {
  const content = Buffer.from('a text that is said again, and '.repeat(9000))
  const frame = compressBlock(content)
  const again = decodeFrame(frame, content.length) ?? Buffer.alloc(0)
  expect(again.equals(content)).toBe(true)
  giveBack(again)
  expect(again.length).toBe(0)
  giveBackFrame(frame)
  expect(frame.length).toBe(0)
})

test('the digest of a group, which is kept as long as its segment is open, keeps no other memory', () => {
  const digest = new GroupDigest(NO_DIGEST, 0).finish()
  expect(digest.buffer.byteLength).toBe(32)
})
