import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { layoutOf } from '../../src/store/files/layout.ts'
import { type CutTail, openStore } from '../../src/store/index.ts'
import { Tape } from '../../src/store/tape/tape.ts'
import { TapeWriter } from '../../src/store/tape/tape-writer.ts'
import { appendSpans, hexOf, openForTest, prepareSpan, RUN, readAllLines, sketchOf, temporaryFolder } from './support/records.ts'
import { referenceGroupDigest } from './support/reference-digest.ts'

function segmentsOf(dir: string): string[] {
  return readdirSync(join(dir, 'segments'))
    .sort()
    .map((name) => join(dir, 'segments', name))
}

/** The frames of a file, walked by the two lengths that a zstd reader has: of skippable frames, and ours of the frame behind. */
function framesOf(path: string): { header: Buffer; frame: Buffer; offset: number }[] {
  const bytes = readFileSync(path)
  const frames: { header: Buffer; frame: Buffer; offset: number }[] = []
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.readUInt32LE(at) & 0xfffffff0).toBe(0x184d2a50)
    const header = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4))
    const start = at + 8 + header.length
    const end = start + Number(header.readBigUInt64LE(8))
    frames.push({ header, frame: bytes.subarray(start, end), offset: at })
    at = end
  }
  return frames
}

describe('a segment', () => {
  test('is NDJSON to the zstd command', async ({ skip }) => {
    const version = spawnSync('zstd', ['--version'])
    if (version.error !== undefined) skip('SKIPPED: there is no zstd command on this machine, so nothing shows that it prints the tape')
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: 4096 })
    const lines: string[] = []
    for (let group = 0; group < 12; group++) {
      const spans = Array.from({ length: 3 }, (_, index) =>
        prepareSpan(sketchOf(hexOf(32, group), index, { name: `žluťoučký ${'x'.repeat(group * 40)}` })),
      )
      lines.push(...spans.map(({ record }) => record.line))
      await store.append({ records: spans.map(({ record }) => record), blobs: [] })
    }
    expect(segmentsOf(dir).length).toBeGreaterThan(2)
    const printed = execFileSync('zstd', ['-dc', ...segmentsOf(dir)], { encoding: 'utf8' })
    expect(printed).toBe(lines.map((line) => `${line}\n`).join(''))
    expect(spawnSync('zstd', ['-tq', ...segmentsOf(dir)]).status).toBe(0)
  })

  test('is read by node:zlib frame by frame, blocks over 128 KiB too', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const spans = Array.from({ length: 400 }, (_, index) => prepareSpan(sketchOf(RUN, index, { name: 'n'.repeat(900) })))
    await store.append({ records: spans.map(({ record }) => record), blobs: [] })
    const [only] = framesOf(join(dir, 'segments', '00000000.zst'))
    expect(only?.frame.length).toBeGreaterThan(3 * 128 * 1024)
    expect(zstdDecompressSync(only?.frame ?? Buffer.alloc(0)).toString()).toBe(spans.map(({ record }) => `${record.line}\n`).join(''))
  })

  test('names each group digest and the one before, as the reference implementation computes them', async () => {
    const dir = temporaryFolder()
    let store = await openForTest(dir)
    const cores: string[][] = []
    for (let group = 0; group < 4; group++) {
      // A core that holds the key that ends it, and text beyond ASCII.
      const spans = [0, 1].map((index) => prepareSpan(sketchOf(hexOf(32, group), index, { attributes: { refs: [1], 'é,"refs":[': 'ü"' } })))
      cores.push(spans.map(({ record }) => record.core))
      await store.append({ records: spans.map(({ record }) => record), blobs: [] })
      if (group === 1) {
        await store.close()
        store = await openForTest(dir)
      }
    }
    let previous: Buffer = Buffer.alloc(32)
    for (const [group, { header }] of framesOf(join(dir, 'segments', '00000000.zst')).entries()) {
      expect(header.toString('latin1', 0, 4)).toBe('RPRS')
      expect(header.readUInt32LE(20)).toBe(2)
      expect(header.readBigUInt64LE(24)).toBe(BigInt(group))
      expect(header.subarray(64, 96)).toEqual(previous)
      previous = referenceGroupDigest(previous, cores[group] ?? [])
      expect(header.subarray(32, 64)).toEqual(previous)
    }
    expect(store.tape.head()).toEqual({ group: 3, digest: `sha256:${previous.toString('hex')}` })
    expect((await store.checkStore()).problems).toEqual([])
  })

  test('may be compressed, and hold frames of others', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    for (let group = 0; group < 3; group++) await appendSpans(store, sketchOf(hexOf(32, group), 0), sketchOf(hexOf(32, group), 1))
    const lines = await readAllLines(store)
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    const padding = Buffer.alloc(8 + 1000)
    padding.writeUInt32LE(0x184d2a5e, 0)
    padding.writeUInt32LE(1000, 4)
    const sealed = framesOf(path).flatMap(({ header, frame }) => {
      const compressed = zstdCompressSync(zstdDecompressSync(frame))
      const rewritten = Buffer.from(header)
      rewritten.writeBigUInt64LE(BigInt(compressed.length), 8)
      rewritten.writeUInt32LE(crc32(compressed), 16)
      rewritten.writeUInt32LE(crc32(rewritten.subarray(0, -4)), rewritten.length - 4)
      const prefix = Buffer.alloc(8)
      prefix.writeUInt32LE(0x184d2a50, 0)
      prefix.writeUInt32LE(rewritten.length, 4)
      return [padding, prefix, rewritten, compressed]
    })
    writeFileSync(path, Buffer.concat([...sealed, padding]))
    const again = await openForTest(dir)
    expect(again.recovered).toEqual({ cut: [], damagedGroups: 0 })
    expect(await readAllLines(again)).toEqual(lines)
    expect((await again.checkStore()).problems).toEqual([])
    await appendSpans(again, sketchOf(hexOf(32, 'later'), 0))
    expect((await readAllLines(again)).slice(0, -1)).toEqual(lines)
  })
})

describe('a torn tail', () => {
  test('is cut at every byte of the last group, put aside and counted', { timeout: 120_000 }, async () => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0))
    await appendSpans(store, sketchOf(RUN, 1))
    const kept = await readAllLines(store)
    const head = store.tape.head()
    await appendSpans(store, sketchOf(RUN, 2))
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    const whole = readFileSync(path)
    const last = framesOf(path).at(-1)?.offset ?? 0
    const copy = join(dir, 'copy')
    mkdirSync(copy)
    for (const name of ['format.json', 'segments', 'blobs', 'keys', 'views']) cpSync(join(dir, name), join(copy, name), { recursive: true })
    const tornPath = join(copy, 'segments', '00000000.zst')
    for (let length = last; length < whole.length; length++) {
      writeFileSync(tornPath, whole.subarray(0, length))
      const expected =
        length === last ? [] : [{ file: 'segments/00000000.zst', atBytes: last, cutBytes: length - last, keptAs: expect.any(String) }]
      const check = (cut: readonly CutTail[]): void => {
        expect(cut).toEqual(expected)
        expect(statSync(tornPath).size).toBe(last)
        for (const { keptAs } of cut) expect(readFileSync(join(copy, keptAs))).toEqual(whole.subarray(last, length))
      }
      if ((length - last) % 97 !== 0) {
        const layout = layoutOf(copy)
        const tape = new Tape(layout)
        const writer = new TapeWriter({ layout, tape, rollBytes: 1_000_000, isBacked: () => true })
        check(writer.cuts.done)
        expect(tape.head()).toEqual(head)
        writer.close()
        tape.close()
        continue
      }
      const torn = await openStore(copy, { mode: 'write' })
      check(torn.recovered.cut)
      expect(torn.tape.head()).toEqual(head)
      expect(await readAllLines(torn)).toEqual(kept)
      await appendSpans(torn, sketchOf(RUN, 3))
      expect((await torn.checkStore()).problems).toEqual([])
      await torn.close()
    }
  })

  test('that was allocated but never written is cut too', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0))
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    appendFileSync(path, Buffer.alloc(5000))
    const again = await openForTest(dir)
    expect(again.recovered.cut).toMatchObject([{ cutBytes: 5000 }])
    expect(await readAllLines(again)).toHaveLength(1)
  })

  test('does not hide what a reader may read, and a reader cuts nothing', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0))
    await appendSpans(store, sketchOf(RUN, 1))
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    truncateSync(path, statSync(path).size - 1)
    const size = statSync(path).size
    const reader = await openStore(dir, { mode: 'read' })
    expect(reader.tape.head().group).toBe(0)
    expect(await readAllLines(reader)).toHaveLength(1)
    expect(reader.index.readRun(RUN)?.steps).toBe(1)
    expect((await reader.checkStore()).unfinishedBytes).toBeGreaterThan(0)
    await reader.close()
    expect(statSync(path).size).toBe(size)
  })
})

describe('a flipped byte', () => {
  test('anywhere in a tape is found, and the other groups are served', { timeout: 120_000 }, async () => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir)
    for (let group = 0; group < 3; group++) await appendSpans(store, sketchOf(hexOf(32, group), 0))
    const lines = await readAllLines(store)
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    const whole = readFileSync(path)
    const frames = framesOf(path)
    const second = frames[1]?.offset ?? 0
    const third = frames[2]?.offset ?? 0
    const reader = await openStore(dir, { mode: 'read' })
    expect((await reader.checkStore()).problems).toEqual([])
    await reader.close()
    for (let at = second; at < third; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(path, flipped)
      const checked = await openStore(dir, { mode: 'read' })
      const { problems } = await checked.checkStore()
      // A magic of a skippable frame has sixteen forms, and all of them mean the same.
      const harmless = at === second && (flipped[at] ?? 0) >> 4 === 0x5
      expect(problems.length > 0 || harmless, `byte ${at}`).toBe(true)
      expect(checked.tape.readLine(0, 0)).toBe(lines[0])
      expect(checked.tape.readLine(2, 0)).toBe(lines[2])
      if (!harmless) expect(() => checked.tape.readLine(1, 0)).toThrow(expect.objectContaining({ code: 'integrity' }))
      await checked.close()
    }
  })

  test('in a middle group stays where it is when a writer opens, and later appends go on', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    for (let group = 0; group < 3; group++) await appendSpans(store, sketchOf(hexOf(32, group), 0))
    await store.close()
    const path = join(dir, 'segments', '00000000.zst')
    const flipped = readFileSync(path)
    const middle = (framesOf(path)[2]?.offset ?? 0) - 10
    flipped[middle] = (flipped[middle] ?? 0) ^ 1
    writeFileSync(path, flipped)
    copyFileSync(path, join(dir, 'before'))
    const again = await openForTest(dir)
    expect(again.recovered).toEqual({ cut: [], damagedGroups: 1 })
    await appendSpans(again, sketchOf(hexOf(32, 3), 0))
    expect(readFileSync(path).subarray(0, flipped.length)).toEqual(readFileSync(join(dir, 'before')))
    expect((await again.checkStore()).problems).toMatchObject([{ code: 'group_damaged', group: 1 }])
    // The index made before the damage still knows the run; one made now skips it and has the rest.
    await again.reindex()
    expect(
      again.index
        .listRuns({ limit: 10 })
        .runs.map(({ id }) => id)
        .sort(),
    ).toEqual([0, 2, 3].map((group) => hexOf(32, group)).sort())
  })
})

test('lines are found by group and line over many segments', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir, { segmentRollBytes: 2048 })
  const lines: string[][] = []
  for (let group = 0; group < 40; group++) {
    const spans = Array.from({ length: 1 + (group % 3) }, (_, index) => prepareSpan(sketchOf(hexOf(32, group), index)))
    lines.push(spans.map(({ record }) => record.line))
    await store.append({ records: spans.map(({ record }) => record), blobs: [] })
  }
  for (const reader of [store, await openStore(dir, { mode: 'read' })]) {
    for (const [group, texts] of lines.entries())
      for (const [line, text] of texts.entries()) expect(reader.tape.readLine(group, line)).toBe(text)
    expect(() => reader.tape.readLine(39, 3)).toThrow('there is no line 3')
    expect(() => reader.tape.readLine(40, 0)).toThrow('group 40 is not on the tape')
    const from: number[] = []
    for await (const { group } of reader.tape.readGroups(35)) from.push(group)
    expect(from).toEqual([35, 36, 37, 38, 39])
  }
})

test('a reader follows a writer', async () => {
  const dir = temporaryFolder()
  const store = await openForTest(dir, { segmentRollBytes: 1500 })
  const reader = await openStore(dir, { mode: 'read' })
  expect(reader.tape.head().group).toBe(-1)
  const commits: number[] = []
  const stop = store.tape.onCommit(({ group }) => commits.push(group))
  for (let group = 0; group < 5; group++) {
    await appendSpans(store, sketchOf(hexOf(32, group), 0))
    expect(reader.tape.head()).toEqual(store.tape.head())
    expect(reader.tape.readLine(group, 0)).toBe(store.tape.readLine(group, 0))
  }
  stop()
  await appendSpans(store, sketchOf(hexOf(32, 9), 0))
  expect(commits).toEqual([0, 1, 2, 3, 4])
  await reader.close()
})
