import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCollector } from '../../src/collector/index.ts'
import type { Recording } from '../../src/replay/index.ts'
import { exportRecording, formatVerdict, loadRecording, replay } from '../../src/replay/index.ts'
import { startRecorder } from '../../src/sdk/index.ts'
import { openStore } from '../../src/store/index.ts'
import * as programs from './captured-programs.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MAIL = 'ana.lopez@northwind-labs.com'
const KEY = 'sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt'

type Program = (...args: never[]) => unknown
const CASES: Record<string, { program: Program; start: () => unknown }> = {
  duplicates: { program: programs.duplicates, start: () => programs.duplicates(32) },
  retries: { program: programs.retries, start: () => programs.retries('upload') },
  race: { program: programs.race, start: () => programs.race() },
  nested: { program: programs.nested, start: () => programs.nested(['one', 'two', 'three', 'one']) },
  streams: { program: programs.streams, start: () => programs.streams() },
  secrets: { program: programs.secrets, start: () => programs.secrets({ from: MAIL, key: KEY }) },
  speaks: {
    program: programs.speaks,
    start: async () => {
      for await (const _chunk of programs.speaks('hello'));
    },
  },
  fails: { program: programs.fails, start: () => programs.fails() },
  trains: { program: programs.trains, start: () => programs.trains(5) },
}

const folders = new Map<string, string>()

/** Everything real: the wrapped program runs, its spans go through a collector into a store, the run is exported. */
beforeAll(async () => {
  const home = await temporaryFolder()
  const store = join(home, 'store')
  const collector = await startCollector({ store, port: 0, workers: 0, log: () => undefined })
  const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise' })
  for (const { start } of Object.values(CASES)) await Promise.resolve(start()).catch(() => undefined)
  const report = await recorder.stop()
  expect(report).toMatchObject({ failed: 0, dropped: 0 })
  await collector.close()
  const reader = await openStore(store, { mode: 'read' })
  await reader.index.catchUp()
  for (const run of reader.index.listRuns({ limit: 100 }).runs) {
    const folder = join(home, 'recordings', run.name)
    await exportRecording(reader, run.id, folder)
    folders.set(run.name, folder)
  }
  await reader.close()
})
afterAll(() => expect(programs.effects.live).toBeGreaterThan(0))

async function recordingOf(name: string): Promise<Recording> {
  const folder = folders.get(name)
  if (folder === undefined) throw new Error(`no run ${name} was recorded: ${[...folders.keys()].join()}`)
  return await loadRecording(folder)
}

describe('a captured run', () => {
  it.for(Object.keys(CASES))('%s replays exactly, again and again, with no live effect', async (name) => {
    const { program } = CASES[name] ?? { program: programs.race }
    const recording = await recordingOf(name)
    const before = programs.effects.live
    for (let round = 0; round < 10; round++) {
      const verdict = await replay(recording, program)
      expect(verdict.label, formatVerdict(verdict)).toBe('exact')
      expect(verdict.divergences).toEqual([])
      expect(verdict.counts).toMatchObject({ unmatched: 0, unused: 0, missing: 0, live: 0, socketsDenied: 0 })
      expect(verdict.counts.labels.exact).toBe(verdict.counts.steps)
    }
    expect(programs.effects.live).toBe(before)
  })

  it('keeps no secret', async () => {
    const folder = folders.get('secrets') ?? ''
    const files = ['recording.json', 'steps.jsonl', ...(await readdir(join(folder, 'blobs'))).map((name) => join('blobs', name))]
    for (const file of files) {
      const text = await readFile(join(folder, file), 'latin1')
      for (const secret of [MAIL, KEY]) expect(text).not.toContain(secret)
    }
  })

  it('exports to the same bytes each time', async () => {
    const folder = folders.get('streams') ?? ''
    const home = await temporaryFolder()
    const store = await openStore(join(folder, '..', '..', 'store'), { mode: 'read' })
    const { manifest } = await recordingOf('streams')
    await exportRecording(store, manifest.runId, join(home, 'again'))
    for (const file of ['recording.json', 'steps.jsonl']) {
      expect(await readFile(join(home, 'again', file), 'utf8')).toBe(await readFile(join(folder, file), 'utf8'))
    }
    await expect(exportRecording(store, '0'.repeat(32), join(home, 'none'))).rejects.toMatchObject({ code: 'no_such_run' })
    await store.close()
  })
})
