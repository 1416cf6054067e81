import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRecorder } from 'reprise'
import { startCollector } from 'reprise/collector'
import { exportRecording } from 'reprise/replay'
import { openStore } from '../../src/store/index.ts'

// Records a program of this folder, once, for the release that it is to stand for:
//   node --conditions=reprise-source test/recordings/record-program.ts first-light [--force]
const [name = '', force] = process.argv.slice(2)
const { program, input } = (await import(`./${name}-program.ts`)) as { program: (...args: unknown[]) => Promise<unknown>; input: unknown[] }
const home = await mkdtemp(join(tmpdir(), 'reprise-record-'))
const collector = await startCollector({ store: home, port: 0 })
const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise', serviceName: name })
await program(...input)
await recorder.stop()
await collector.close()
const store = await openStore(home, { mode: 'read' })
const [run] = store.index.listRuns({ limit: 1 }).runs
const folder = fileURLToPath(new URL(`./${name}`, import.meta.url))
const { steps, blobs } = await exportRecording(store, run?.id ?? '', folder, { force: force === '--force' })
await store.close()
await rm(home, { recursive: true })
console.log(`${folder}: ${steps.count} steps, ${blobs.length} payloads`)
