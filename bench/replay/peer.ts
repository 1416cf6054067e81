// `record CONTENDER FOLDER URL COUNT` makes a contender's recording; `replay …` replays it a few times and prints its figures as the last line.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { flush, startRecorder } from 'reprise'
import { startCollector } from 'reprise/collector'
import { exportRecording, loadRecording, replay } from 'reprise/replay'
import type { Dispatcher } from 'undici'
import { openStore } from '../../src/store/index.ts'
import { answerTo, askWith, program } from './exchanges.ts'

export type PeerName = 'reprise, calls' | 'reprise, wire' | 'fetch alone' | 'SnapshotAgent' | 'nock' | 'Polly.js'
type Run = { readonly loadMillis: number; readonly replayMillis: number; readonly cpuMillis: number }
export type PeerResult = { readonly first: Run; readonly again: Run }

const TIMES = 4
const [task, contender, folder = '', url = '', calls] = process.argv.slice(2)
const count = Number(calls)
const globalFetch = askWith((target, init) => fetch(target, init))

interface Peer {
  record(): Promise<void>
  /** Gives what replays the exchanges, and what clears it away. */
  load(): Promise<{ run(): Promise<number>; clear?(): void | Promise<void> }>
}

async function recordReprise(): Promise<void> {
  const collector = await startCollector({ store: join(folder, 'store'), port: 0 })
  const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise', wire: true, queueMaxBytes: 2 ** 30 })
  await program(url, count)
  await flush()
  await recorder.stop()
  await collector.close()
  const store = await openStore(join(folder, 'store'), { mode: 'write' })
  const [run] = store.index.listRuns({ limit: 1 }).runs
  if (run === undefined) throw new Error('the run was not recorded')
  await exportRecording(store, run.id, join(folder, 'recording'))
  await store.close()
}

const reprise = (serve: 'call' | 'wire'): Peer => ({
  record: recordReprise,
  async load() {
    const recording = await loadRecording(join(folder, 'recording'))
    const size = recording.rootOutput()
    return {
      async run() {
        const verdict = await replay(recording, program, { serve })
        if (verdict.label !== 'exact' || verdict.counts.served !== count) throw new Error(JSON.stringify(verdict.counts))
        return Number(size)
      },
    }
  },
})

const nockFile = join(folder, 'nock.json')
const nock: Peer = {
  async record() {
    const { default: library } = await import('nock')
    library.recorder.rec({ output_objects: true, dont_print: true })
    await globalFetch(url, count)
    writeFileSync(nockFile, JSON.stringify(library.recorder.play()))
    library.recorder.clear()
  },
  async load() {
    const { default: library } = await import('nock')
    library.define(JSON.parse(readFileSync(nockFile, 'utf8')))
    library.disableNetConnect()
    return { run: () => globalFetch(url, count), clear: () => library.cleanAll() }
  },
}

const snapshotPath = join(folder, 'snapshots.json')
const snapshotAgent: Peer = {
  async record() {
    const undici = await import('undici')
    const agent = new undici.SnapshotAgent({ mode: 'record', snapshotPath })
    await askWith((target, init) => undici.fetch(target, { ...init, dispatcher: agent }))(url, count)
    await agent.saveSnapshots()
    await agent.close()
  },
  async load() {
    const undici = await import('undici')
    const agent = new undici.SnapshotAgent({ mode: 'playback', snapshotPath })
    await agent.loadSnapshots()
    return {
      run: () => askWith((target, init) => undici.fetch(target, { ...init, dispatcher: agent }))(url, count),
      clear: () => agent.close(),
    }
  },
}

/** Not a peer: what `fetch` itself takes where each answer lies ready. Nothing that answers below it is faster. */
const fetchAlone: Peer = {
  async record() {},
  async load() {
    const undici = await import('undici')
    const answers = Array.from({ length: count }, (_, index) => Buffer.from(answerTo(String(index))))
    return {
      async run() {
        let next = 0
        class Ready extends undici.Dispatcher {
          override dispatch(_options: unknown, handler: Dispatcher.DispatchHandler): boolean {
            const controller = {
              paused: false,
              aborted: false,
              reason: null,
              rawHeaders: null,
              rawTrailers: null,
              pause() {},
              resume() {},
              abort() {},
            }
            handler.onRequestStart?.(controller, undefined)
            handler.onResponseStart?.(controller, 200, { 'content-type': 'application/json' }, 'OK')
            handler.onResponseData?.(controller, answers[next++]!)
            handler.onResponseEnd?.(controller, {})
            return true
          }
        }
        const dispatcher = new Ready()
        return await askWith((target, init) => undici.fetch(target, { ...init, dispatcher }))(url, count)
      },
    }
  },
}

interface PollyLibrary {
  readonly Polly: { new (name: string, config: object): { stop(): Promise<void> }; register(part: unknown): void }
}

/** From a package of its own: see docs/decisions/0170. */
function startPolly(mode: 'record' | 'replay'): { stop(): Promise<void> } {
  const load = createRequire(new URL('./peers/package.json', import.meta.url))
  const { Polly } = load('@pollyjs/core') as PollyLibrary
  Polly.register(load('@pollyjs/adapter-fetch'))
  Polly.register(load('@pollyjs/persister-fs'))
  return new Polly('exchanges', {
    mode,
    adapters: ['fetch'],
    persister: 'fs',
    persisterOptions: { fs: { recordingsDir: join(folder, 'polly') } },
    recordIfMissing: false,
    recordFailedRequests: true,
    logLevel: 'silent',
  })
}

const polly: Peer = {
  async record() {
    const started = startPolly('record')
    await globalFetch(url, count)
    await started.stop()
  },
  async load() {
    const started = startPolly('replay')
    return { run: () => globalFetch(url, count), clear: () => started.stop() }
  },
}

const PEERS: Readonly<Record<PeerName, Peer>> = {
  'reprise, calls': reprise('call'),
  'reprise, wire': reprise('wire'),
  'fetch alone': fetchAlone,
  SnapshotAgent: snapshotAgent,
  nock,
  'Polly.js': polly,
}

async function once(peer: Peer, size: number | undefined): Promise<{ run: Run; size: number }> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const loaded = await peer.load()
  const started = performance.now()
  const found = await loaded.run()
  const ended = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  await loaded.clear?.()
  if (!(found > count * 4096) || (size !== undefined && found !== size)) throw new Error(`answers of ${found} characters`)
  return { run: { loadMillis: started - began, replayMillis: ended - started, cpuMillis: (user + system) / 1000 }, size: found }
}

const peer = PEERS[contender as PeerName]
if (task === 'record') {
  await peer.record()
  console.log('null')
} else {
  const { run: first, size } = await once(peer, undefined)
  let again = first
  for (let time = 1; time < TIMES; time++) again = (await once(peer, size)).run
  const result: PeerResult = { first, again }
  console.log(JSON.stringify(result))
}
process.exit(0)
