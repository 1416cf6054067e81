import { join } from 'node:path'
import { startCollector } from '../../../src/collector/index.ts'
import { exportRecording, loadRecording, type Recording } from '../../../src/replay/index.ts'
import { startRecorder } from '../../../src/sdk/index.ts'
import { openStore } from '../../../src/store/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** Records what `programs` do, with their HTTP exchanges, through a real collector; gives the recordings by name of the run. */
export async function recordWire(programs: (endpoint: string) => Promise<void>): Promise<Map<string, Recording>> {
  const home = await temporaryFolder()
  const store = join(home, 'store')
  const collector = await startCollector({ store, port: 0, workers: 0, log: () => undefined })
  const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise', wire: true })
  try {
    await programs(collector.url)
  } finally {
    await recorder.stop()
    await collector.close()
  }
  const reader = await openStore(store, { mode: 'read' })
  await reader.index.catchUp()
  const recordings = new Map<string, Recording>()
  for (const run of reader.index.listRuns({ limit: 100 }).runs) {
    const folder = join(home, 'recordings', run.name)
    await exportRecording(reader, run.id, folder)
    recordings.set(run.name, await loadRecording(folder))
  }
  await reader.close()
  return recordings
}

export function recordingOf(recordings: ReadonlyMap<string, Recording>, name: string): Recording {
  const found = recordings.get(name)
  if (found === undefined) throw new Error(`no run ${name} was recorded: ${[...recordings.keys()].join()}`)
  return found
}

/** How many exchanges each recording holds. */
export function exchangeCounts(recordings: ReadonlyMap<string, Recording>): Record<string, number> {
  return Object.fromEntries(
    [...recordings].map(([name, { nodes }]) => [name, nodes.filter(({ record }) => record.core.kind === 'wire').length]),
  )
}
