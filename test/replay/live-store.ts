import { join } from 'node:path'
import { type Collector, startCollector } from '../../src/collector/index.ts'
import { exportRecording, loadRecording } from '../../src/replay/index.ts'
import type { Recording } from '../../src/replay/recording/recording.ts'
import { type RecorderHandle, type RecorderOptions, startRecorder } from '../../src/sdk/index.ts'
import { openStore } from '../../src/store/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A store with a collector that goes on while its runs are replayed, so that replays can be recorded too. */
export class LiveStore {
  readonly #home: string
  readonly #collector: Collector
  readonly #recorder: RecorderHandle
  #exported = 0

  private constructor(home: string, collector: Collector, recorder: RecorderHandle) {
    this.#home = home
    this.#collector = collector
    this.#recorder = recorder
  }

  static async open(options: RecorderOptions = {}): Promise<LiveStore> {
    const home = await temporaryFolder()
    const collector = await startCollector({ store: join(home, 'store'), port: 0, workers: 0, log: () => undefined })
    return new LiveStore(home, collector, startRecorder({ endpoint: collector.url, exporter: 'reprise', ...options }))
  }

  get folder(): string {
    return join(this.#home, 'store')
  }

  /** Ids of all runs, the newest first. */
  async runs(): Promise<string[]> {
    return await this.#reading((store) => store.index.listRuns({ limit: 100 }).runs.map(({ id }) => id))
  }

  /** The recording of a run; without an id, of the newest. */
  async recordingOf(id?: string): Promise<Recording> {
    const [recording] = await this.recordingsOf([id ?? (await this.runs())[0] ?? ''])
    if (recording === undefined) throw new Error('no recording')
    return recording
  }

  async recordingsOf(ids: readonly string[]): Promise<Recording[]> {
    return await this.#reading(async (store) => {
      const recordings: Recording[] = []
      for (const id of ids) {
        const folder = join(this.#home, 'recordings', String(this.#exported++))
        await exportRecording(store, id, folder)
        recordings.push(await loadRecording(folder))
      }
      return recordings
    })
  }

  async close(): Promise<void> {
    await this.#recorder.stop()
    await this.#collector.close()
  }

  async #reading<T>(read: (store: Awaited<ReturnType<typeof openStore>>) => T | Promise<T>): Promise<T> {
    const { failed, dropped } = await this.#recorder.flush()
    if (failed + dropped > 0) throw new Error(`${failed} spans failed, ${dropped} were dropped`)
    const store = await openStore(this.folder, { mode: 'read' })
    try {
      await store.index.catchUp()
      return await read(store)
    } finally {
      await store.close()
    }
  }
}
