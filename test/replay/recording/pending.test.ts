import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fork, loadRecording, replay } from '../../../src/replay/index.ts'
import { canonicalJson, MEDIA_TYPE } from '../../../src/schemas/index.ts'
import { instrument, model, retriever } from '../../../src/sdk/index.ts'
import { openStore } from '../../../src/store/index.ts'
import type { CliResult } from '../../cli/run-cli.ts'
import { runHere } from '../../cli/run-here.ts'
import { RecordingBuilder } from '../recording-builder.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const kb = retriever(async (_q: string): Promise<unknown> => Promise.reject(new Error('live')), { name: 'kb' })
const chat = model(async (_q: string): Promise<unknown> => Promise.reject(new Error('live')), { name: 'chat' })

/** A run that gave up on its model: what that gives has not come. */
function unfinished(): RecordingBuilder {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 'too late', end: 50 })
  builder.step(root, { kind: 'retriever', name: 'kb', args: ['why'], output: ['found'] })
  builder.step(root, { kind: 'model', name: 'chat', args: ['why'], pending: true })
  return builder
}
const CHAT = 'step 2 (model chat, span 0000000000000003)'

async function storeOf(builder: RecordingBuilder, lost?: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'store')
  const store = await openStore(folder, { mode: 'write', startedBy: 'test' })
  const blobs = [...builder.blobs].filter(([digest]) => digest !== lost)
  await store.append({
    records: builder.records.map((record) => ({ core: canonicalJson(record.core), line: canonicalJson(record) })),
    blobs: blobs.map(([digest, data]) => ({ digest, mediaType: MEDIA_TYPE.json, data })),
  })
  await store.index.catchUp()
  await store.close()
  return folder
}

const cli = async (...args: string[]): Promise<CliResult> => await runHere(args, await temporaryFolder())

describe('what a step gives', () => {
  const builder = unfinished()
  const digest = builder.records[1]?.refs.find(({ role }) => role === 'output')?.digest ?? ''

  it('is pending where the step had not ended: the export says so, and the recording is whole', async () => {
    const folder = join(await temporaryFolder(), 'recording')
    const { code, stderr } = await cli('export', builder.runId, '--out', folder, '--store', await storeOf(builder))
    expect(code).toBe(0)
    expect(stderr).toContain(`pending: ${CHAT} had not ended`)
    expect(stderr).toContain('once they have ended, export again with --force')
    const gaveUp = instrument(async function answer() {
      await Promise.race([kb('why'), chat('why')])
      return 'too late'
    })
    expect((await replay(await loadRecording(folder), gaveUp)).label).toBe('exact')
    expect((await cli('export', builder.runId, '--out', folder, '--force', '--quiet', '--store', await storeOf(builder))).stderr).toBe('')
  })

  it('is named as pending where the program waits for it', async () => {
    const recording = await builder.load()
    const waits = instrument(async function answer() {
      await kb('why')
      return await chat('why')
    })
    const { label, divergences } = await replay(recording, waits, { timeoutMillis: 150 })
    expect(label).toBe('diverged')
    const command = `reprise export ${builder.runId} --out ${recording.folder} --force`
    expect(divergences[0]?.message).toContain(`; the result of ${CHAT} is pending: it had not come when the recording was made`)
    expect(divergences[0]?.message).toContain(command)
    await expect(fork(recording, waits, { at: 'chat', set: { 'output.text': 'x' } })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('it is pending') as string,
    })
  })

  it('is lost where the recording tells of it and has it not', async () => {
    const recording = await builder.load()
    await rm(join(recording.folder, 'blobs', digest.slice(7)))
    const lost = `${digest} is missing: no file blobs/${digest.slice(7)}, needed by step 1 (retriever kb, span 0000000000000002)`
    const command = `reprise export ${builder.runId} --out ${recording.folder} --force`
    await expect(loadRecording(recording.folder)).rejects.toMatchObject({
      code: 'artifact_missing',
      message: expect.stringContaining(lost) as string,
      details: { digest, step: 'kb' },
    })
    await expect(loadRecording(recording.folder)).rejects.toThrow(command)
    // And that is how to get it.
    const { code } = await cli(...command.split(' ').slice(1), '--store', await storeOf(builder))
    expect(code).toBe(0)
    await loadRecording(recording.folder)
  })

  it('is lost where the store has it not', async () => {
    const out = join(await temporaryFolder(), 'recording')
    const { code, stderr } = await cli('export', builder.runId, '--out', out, '--store', await storeOf(builder, digest))
    expect(code).toBe(6)
    expect(stderr).toContain(`artifact ${digest} is not in the store: it is needed by step 1 (retriever kb, span 0000000000000002)`)
    expect(stderr).toContain('reprise verify')
    expect(stderr).not.toContain('pending')
  })
})
