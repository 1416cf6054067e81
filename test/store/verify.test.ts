import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/schemas/index.ts'
import { checkStoreFolder } from '../../src/store/index.ts'
import { appendSpans, hexOf, openForTest, prepareGap, prepareSpan, RUN, sketchOf, temporaryFolder } from './support/records.ts'

/** Every file with its bytes and times: a check must leave all of it as it is. */
function snapshot(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(dir, name))
      return `${name} ${mtimeMs} ${size}`
    })
}

describe('checkStoreFolder', () => {
  test('reads a cold copy and changes nothing in it', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: 1500 })
    for (let index = 0; index < 6; index++)
      await appendSpans(store, sketchOf(RUN, index, { content: { input: JSON.stringify(hexOf(60, index).repeat(20)) } }))
    await store.openCursor('forward-1').save(6, 0)
    const copy = join(temporaryFolder(), 'copy')
    cpSync(dir, copy, { recursive: true })
    const before = snapshot(copy)
    const check = await checkStoreFolder(copy)
    expect(check).toMatchObject({ groups: 6, records: 6, blobs: 6, views: 1, erased: 0, problemCount: 0, cut: { files: 0, bytes: 0 } })
    expect(check.head).toEqual(store.tape.head())
    expect(snapshot(copy)).toEqual(before)
  })

  test('works while the store is being written, from another view of the files', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir, { segmentRollBytes: 20_000 })
    let stop = false
    const writing = (async () => {
      for (let index = 0; !stop; index++) {
        await appendSpans(store, sketchOf(RUN, index, { content: { input: JSON.stringify(hexOf(60, index).repeat(30)) } }))
        await store.openCursor('forward-1').save(index + 1, 0)
      }
    })()
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, 40))
      expect((await checkStoreFolder(dir)).problems).toEqual([])
    }
    stop = true
    await writing
    expect((await checkStoreFolder(dir)).groups).toBe(store.tape.head().group + 1)
  })

  test('says where: file, group, line and the place in the record', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0))
    // Written by this very store, so that only the content is wrong.
    const { record, blobs } = prepareSpan(sketchOf(RUN, 1, { content: { input: '"a"', output: '"b"' } }))
    const edited = record.line.replaceAll(/"digest":"sha256:[0-9a-f]{64}","role":"output"/g, `"digest":"${digestOf('c')}","role":"output"`)
    await store.append({ records: [prepareGap({}), { core: record.core, line: edited }], blobs })
    const lost = prepareSpan(sketchOf(RUN, 2, { content: { input: '"lost"' } }))
    await store.append({ records: [lost.record], blobs: [] })
    const { problems } = await checkStoreFolder(dir)
    expect(problems).toEqual([
      expect.objectContaining({ code: 'commitment', file: 'segments/00000000.zst', group: 1, line: 1, pointer: '/refs/1' }),
      expect.objectContaining({
        code: 'artifact_missing',
        file: 'segments/00000000.zst',
        group: 2,
        line: 0,
        pointer: '/refs/0',
        digest: digestOf('"lost"'),
      }),
    ])
  })

  test('names the part that a manifest lacks', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    const messages = JSON.stringify(Array.from({ length: 12 }, (_, index) => ({ role: 'user', content: hexOf(60, index).repeat(10) })))
    const { record, blobs } = prepareSpan(sketchOf(RUN, 0, { content: { input: messages } }))
    const part = blobs.find(({ encoding, mediaType }) => encoding === 'whole' && mediaType === 'application/json')
    await store.append({ records: [record], blobs: blobs.filter((blob) => blob !== part) })
    const { problems, problemCount } = await checkStoreFolder(dir)
    expect(problemCount).toBe(1)
    expect(problems[0]).toMatchObject({ code: 'artifact_missing', group: 0, line: 0, pointer: '/refs/0', digest: digestOf(messages) })
    expect(problems[0]?.message).toContain(part?.digest)
  })

  test('counts what crashes left in cut/, and takes a folder without a store for an empty one', async () => {
    const dir = temporaryFolder()
    const store = await openForTest(dir)
    await appendSpans(store, sketchOf(RUN, 0))
    await store.close()
    const segment = join(dir, 'segments', '00000000.zst')
    writeFileSync(segment, Buffer.concat([readFileSync(segment), Buffer.from('torn tail')]))
    expect(await checkStoreFolder(dir)).toMatchObject({ unfinishedBytes: 9, cut: { files: 0, bytes: 0 }, problemCount: 0 })
    await (await openForTest(dir)).close()
    expect(await checkStoreFolder(dir)).toMatchObject({ unfinishedBytes: 0, cut: { files: 1, bytes: 9 }, problemCount: 0 })
    expect(await checkStoreFolder(join(dir, 'nothing'))).toMatchObject({ groups: 0, problemCount: 0 })
  })
})
