import { join } from 'node:path'
import { startCollector } from '../../src/collector/index.ts'
import { exportRecording } from '../../src/replay/index.ts'
import { type RecorderOptions, startRecorder } from '../../src/sdk/index.ts'
import { openStore } from '../../src/store/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * Records what `run` does, everything real: spans through a collector into a store, each run exported. Resolves with the folders of
 * the recordings by the name of their run; of several runs of one name the last.
 */
export async function recordPrograms(run: () => Promise<unknown>, options: RecorderOptions = {}): Promise<ReadonlyMap<string, string>> {
  const home = await temporaryFolder()
  const store = join(home, 'store')
  const collector = await startCollector({ store, port: 0, workers: 0, log: () => undefined })
  const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise', ...options })
  try {
    await run()
    const { failed, dropped } = await recorder.flush()
    if (failed + dropped > 0) throw new Error(`${failed} spans failed, ${dropped} were dropped`)
  } finally {
    await recorder.stop()
    await collector.close()
  }
  const folders = new Map<string, string>()
  const reader = await openStore(store, { mode: 'read' })
  await reader.index.catchUp()
  for (const { id, name } of reader.index.listRuns({ limit: 100 }).runs) {
    if (folders.has(name)) continue
    const folder = join(home, 'recordings', name)
    await exportRecording(reader, id, folder)
    folders.set(name, folder)
  }
  await reader.close()
  return folders
}
