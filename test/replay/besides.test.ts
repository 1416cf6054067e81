import { execFileSync } from 'node:child_process'
import fs, { existsSync, readFile, readFileSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { instrument, tool } from '../../src/sdk/index.ts'
import { expectExact, live } from './expect-exact.ts'
import { RecordingBuilder } from './recording-builder.ts'
import { temporaryFolder } from './temporary-folder.ts'

const here = import.meta.filename
const look = tool(async (_request: unknown): Promise<unknown> => live(), { name: 'look' })

async function recorded(resource: Record<string, string> = {}) {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'reads', output: 'done', end: 50 })
  builder.step(root, { kind: 'tool', name: 'look', args: [1], output: 'a' })
  for (const record of builder.records) record.core.resource = { attributes: resource }
  return await builder.load()
}

describe('what a replayed program does besides', () => {
  it('goes on as ever, and is listed', async () => {
    const reads = instrument(
      async () => {
        expect(readFileSync(here, 'utf8')).toContain('goes on as ever')
        expect(existsSync(here)).toBe(true)
        expect((await promisify(readFile)(here)).length).toBeGreaterThan(100)
        expect((await stat(here)).isFile()).toBe(true)
        await look(1)
        expect((await stat(here)).isFile()).toBe(true)
        expect(execFileSync(process.execPath, ['-p', '6 * 7']).toString()).toBe('42\n')
        await new Promise((resolve) => new Worker('0', { eval: true }).once('exit', resolve))
        return 'done'
      },
      { name: 'reads' },
    )
    const verdict = await replay(await recorded(), reads)
    expectExact(verdict)
    expect(verdict.unrecorded).toEqual([
      { api: 'child_process.execFileSync', calls: 1 },
      { api: 'fs.existsSync', calls: 1 },
      { api: 'fs.promises.stat', calls: 2 },
      { api: 'fs.readFile', calls: 1 },
      { api: 'fs.readFileSync', calls: 1 },
      { api: 'worker_threads.Worker', calls: 1 },
    ])
    expect(formatVerdict(verdict)).toContain('  not recorded: 1 child_process.execFileSync, 1 fs.existsSync, 2 fs.promises.stat')
  })

  it('is listed where somebody has put another function in the place of one since', async () => {
    const reads = instrument(
      async () => {
        const found = fs.existsSync('nowhere')
        await look(1)
        expect(found).toBe(isMocked)
        return 'done'
      },
      { name: 'reads' },
    )
    const real = fs.existsSync
    let isMocked = false
    for (const mock of [real, () => true, real]) {
      isMocked = mock !== real
      fs.existsSync = mock
      const verdict = await replay(await recorded(), reads)
      expect(fs.existsSync).toBe(mock)
      fs.existsSync = real
      expectExact(verdict)
      expect(verdict.unrecorded).toEqual([{ api: 'fs.existsSync', calls: 1 }])
    }
  })

  it('is not what Node reads for it: modules that it loads, and what a function of node:fs takes another one for', async () => {
    const folder = await temporaryFolder()
    const module = join(folder, 'loaded.cjs')
    await writeFile(module, 'module.exports = 42')
    const reads = instrument(
      async () => {
        expect(createRequire(import.meta.url)(module)).toBe(42)
        expect(readFileSync(here).length).toBeGreaterThan(100)
        await look(1)
        return 'done'
      },
      { name: 'reads' },
    )
    const verdict = await replay(await recorded(), reads)
    expectExact(verdict)
    expect(verdict.unrecorded).toEqual([{ api: 'fs.readFileSync', calls: 1 }])
  })

  it('is nothing where there is nothing, and others are not counted', async () => {
    const before = [readFileSync, existsSync]
    const reads = instrument(async () => (await look(1), 'done'), { name: 'reads' })
    const recording = await recorded()
    const [verdict] = await Promise.all([replay(recording, reads), stat(here), (async () => readFileSync(here))()])
    expectExact(verdict)
    expect(verdict).not.toHaveProperty('unrecorded')
    expect([readFileSync, existsSync]).toEqual(before)
  })
})

describe('the verdict', () => {
  it('names versions that are not those of the recording', async () => {
    const reads = instrument(async () => (await look(1), 'done'), { name: 'reads' })
    const verdict = await replay(await recorded({ 'process.runtime.version': 'v1.2.3', 'telemetry.sdk.version': '0.0.1' }), reads)
    expectExact(verdict)
    expect(verdict.environment).toEqual([
      { name: 'process.runtime.version', recorded: 'v1.2.3', replayed: process.version },
      { name: 'telemetry.sdk.version', recorded: '0.0.1', replayed: expect.stringMatching(/^\d/) },
    ])
    expect(formatVerdict(verdict)).toContain(`process.runtime.version is ${process.version}, and was v1.2.3 when recorded`)
    const same = await replay(await recorded({ 'process.runtime.version': process.version }), reads)
    expect(same).not.toHaveProperty('environment')
  })
})
