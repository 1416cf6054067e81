import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportRecording, formatVerdict, loadRecording, replay } from '../../../src/replay/index.ts'
import { canonicalJson, MEDIA_TYPE, type SpanRecord } from '../../../src/schemas/index.ts'
import { instrument, tool } from '../../../src/sdk/index.ts'
import { openStore, type Store } from '../../../src/store/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const look = tool(async (_n: number): Promise<unknown> => Promise.reject(new Error('a live effect')), { name: 'look' })
const answer = instrument(async function answer() {
  return [await look(1), await look(2)]
})

async function storeWith(builder: RecordingBuilder, withoutBlobs = false): Promise<Store> {
  const store = await openStore(join(await temporaryFolder(), 'store'), { mode: 'write', startedBy: 'test' })
  const blobs = [...builder.blobs].map(([digest, data]) => ({ digest, mediaType: MEDIA_TYPE.json, data }))
  // Newest first: the order of arrival is not the order of the calls.
  const records = [...builder.records].reverse().map((record) => ({ core: canonicalJson(record.core), line: canonicalJson(record) }))
  await store.append({ records, blobs: withoutBlobs ? [] : blobs })
  await store.index.catchUp()
  return store
}

function change(record: SpanRecord | undefined, fields: Partial<SpanRecord['core']>): void {
  if (record === undefined) throw new Error('no such record')
  Object.assign(record.core, fields)
}

describe('exportRecording', () => {
  it('writes the steps in call order, whatever the order of arrival, and foreign spans only where a step hangs on them', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: ['a', 'b'] })
    const http = builder.step(root, { kind: 'custom', name: 'POST', fidelity: 'observed' })
    builder.step(root, { kind: 'custom', name: 'leaf', fidelity: 'observed' })
    builder.step(http, { kind: 'tool', name: 'look', args: [1], output: 'a' })
    builder.step(root, { kind: 'tool', name: 'look', args: [2], output: 'b' })
    const store = await storeWith(builder)
    const folder = join(await temporaryFolder(), 'recording')
    await exportRecording(store, builder.runId, folder)
    const recording = await loadRecording(folder)
    expect(recording.steps.map(({ core }) => core.stepName)).toEqual(['answer', 'POST', 'look', 'look'])
    const verdict = await replay(recording, answer)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    expect(verdict.counts.steps).toBe(3)
    await store.close()
  })

  it('finds the spans in between in the run that the trace around it is', async () => {
    const builder = new RecordingBuilder()
    const trace = 'f'.repeat(32)
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: ['a', 'b'] })
    const http = builder.step(root, { kind: 'custom', name: 'POST', fidelity: 'observed' })
    const inner = builder.step(http, { kind: 'agent', name: 'inner', output: 'x' })
    builder.step(inner, { kind: 'tool', name: 'look', args: [1], output: 'a' })
    for (const record of builder.records) change(record, { traceId: trace })
    change(builder.records[1], { runId: trace })
    const store = await storeWith(builder)
    const folder = join(await temporaryFolder(), 'recording')
    await exportRecording(store, builder.runId, folder)
    const { nodes } = await loadRecording(folder)
    expect(nodes.map(({ record, parent }) => [record.core.stepName, parent?.record.core.stepName])).toEqual([
      ['answer', undefined],
      ['POST', 'answer'],
      ['inner', 'answer'],
      ['look', 'inner'],
    ])
    await store.close()
  })

  it('names digest and step of a payload that the store has lost', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'answer', args: ['gone'] })
    const store = await storeWith(builder, true)
    const folder = join(await temporaryFolder(), 'recording')
    await expect(exportRecording(store, builder.runId, folder)).rejects.toMatchObject({
      code: 'artifact_missing',
      message: expect.stringMatching(/sha256:[0-9a-f]{64}.*step 0 \(run answer/) as string,
    })
    await store.close()
  })

  it('refuses a run that is not there or was only observed', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'GET /', fidelity: 'observed' })
    const store = await storeWith(builder)
    const folder = join(await temporaryFolder(), 'recording')
    await expect(exportRecording(store, '0'.repeat(32), folder)).rejects.toMatchObject({ code: 'no_such_run' })
    await expect(exportRecording(store, builder.runId, folder)).rejects.toMatchObject({ code: 'invalid_argument' })
    await store.close()
  })
})
