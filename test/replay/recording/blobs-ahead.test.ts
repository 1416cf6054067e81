import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadRecording } from '../../../src/replay/index.ts'
import { PART_BLOBS } from '../../../src/replay/recording/ahead-order.ts'
import { BlobsAhead } from '../../../src/replay/recording/blobs-ahead.ts'
import { digestOf, RepriseError } from '../../../src/schemas/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const fileOf = (folder: string, digest: string): string => join(folder, 'blobs', digest.slice('sha256:'.length))

/** Altered, longer, shorter, missing, a link, and too large to be read in between. */
const LEFT: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7])

it('gives what is as its digest says, and leaves the rest', async () => {
  const folder = await temporaryFolder()
  mkdirSync(join(folder, 'blobs'))
  const texts = Array.from({ length: 2 * PART_BLOBS + 3 }, (_, index) => (index === 7 ? 'x'.repeat(70_000) : `blob ${index}`))
  const blobs = texts.map((text) => ({ digest: digestOf(text), sizeBytes: text.length, mediaType: 'text/plain' }))
  for (const [index, { digest }] of blobs.entries()) writeFileSync(fileOf(folder, digest), texts[index] ?? '')
  const at = (index: number): string => fileOf(folder, blobs[index]?.digest ?? '')
  writeFileSync(at(1), 'Blob 1')
  appendFileSync(at(2), '!')
  writeFileSync(at(3), '')
  rmSync(at(4))
  renameSync(at(6), join(folder, 'elsewhere'))
  symlinkSync(join(folder, 'elsewhere'), at(6))
  const ahead = new BlobsAhead(folder, blobs)
  try {
    await ahead.done
    const given = new Map<number, string | undefined>()
    for (let part = 0; part < 3; part++) {
      const read = await ahead.take(part)
      for (const [index, bytes] of (read ?? []).entries()) given.set(part * PART_BLOBS + index, bytes && Buffer.from(bytes).toString())
    }
    expect([...given.keys()]).toEqual(texts.map((_, index) => index))
    for (const [index, text] of texts.entries()) expect([index, given.get(index)]).toEqual([index, LEFT.has(index) ? undefined : text])
  } finally {
    await ahead.close()
  }
})

it('a large recording is read by two threads as by one: what is wrong in it is said in the same words, the first of it', async () => {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'many', args: [], output: 1, end: 9_000 })
  for (let number = 0; number < 2_100; number++)
    builder.step(root, { kind: 'tool', name: 'ask', args: [`q ${number}`], output: `a ${number}` })
  const { folder, manifest } = await builder.write()
  expect(manifest.blobs.length).toBeGreaterThan(4_000)
  const recording = await loadRecording(folder)
  expect(recording.steps).toHaveLength(2_101)
  const failed = async (): Promise<unknown[]> => {
    const error: unknown = await loadRecording(folder).catch((reason: unknown) => reason)
    return RepriseError.isInstance(error) ? [error.code, error.details?.['digest']] : [error]
  }
  const [early, late] = [manifest.blobs[40]?.digest ?? '', manifest.blobs.at(-40)?.digest ?? '']
  writeFileSync(fileOf(folder, late), 'altered')
  expect(await failed()).toEqual(['integrity', late])
  rmSync(fileOf(folder, early))
  expect(await failed()).toEqual(['artifact_missing', early])
}, 60_000)
