import { startRecorder } from '../../sdk/index.ts'
import type { Settings } from '../settings.ts'
import { type Terminal, writeLine } from '../terminal.ts'
import { findCollector } from './run.ts'
import { startFromSettings } from './up.ts'

/**
 * Records into the store what `work` does: by the collector that writes to it, or one of its own on a free port. All of it is in the
 * store when this resolves.
 */
export async function whileRecording<T>(settings: Settings, terminal: Terminal, work: () => Promise<T>): Promise<T> {
  const found = await findCollector(settings)
  const own = found === undefined ? await startFromSettings({ ...settings, quiet: true }, terminal, 0) : undefined
  const recorder = startRecorder({ endpoint: own?.url ?? found ?? '', exporter: 'reprise' })
  try {
    const result = await work()
    const { failed, dropped } = await recorder.flush()
    if (failed + dropped > 0) writeLine(terminal.stderr, `not all was recorded: ${failed + dropped} steps were lost`)
    return result
  } finally {
    await recorder.stop()
    await own?.close()
  }
}
