import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RepriseError } from '../../schemas/index.ts'
import { ownTimers } from '../../sdk/effects/index.ts'
import { type RecorderHandle, type RecorderOptions, startRecorder } from '../../sdk/index.ts'
import { exportRecording } from '../recording/recording-writer.ts'

/** What is recorded; where undefined, what the environment says. */
export interface RecordedSources {
  /** HTTP exchanges. */
  readonly wire?: boolean | undefined
  /** Time and chance. */
  readonly effects?: RecorderOptions['effects'] | undefined
}

const START_MAX_MILLIS = 30_000
const SEND_TRIES_MAX = 20

/**
 * Records runs for the tests of one file: a collector in a process of its own, which no fake timer or mock of a test reaches, and a
 * recorder that sends to it. Both start with the first recording.
 */
export class TestRecorder {
  readonly #seen = new Set<string>()
  #collector: Promise<{ child: ChildProcess; store: string; url: string }> | undefined
  #recorder: RecorderHandle | undefined
  #sources = ''
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Runs `run`, one at a time, and exports the run that it made into `folder`, in the place of a recording that is there.
   * @throws RepriseError when it made none, or it could not be recorded
   */
  async record(folder: string, run: () => Promise<void>, sources: RecordedSources = {}): Promise<void> {
    const turn = this.#last.then(async () => await this.#record(folder, run, sources))
    this.#last = turn.catch(() => undefined)
    await turn
  }

  async close(): Promise<void> {
    await this.#last
    await this.#recorder?.stop()
    const collector = await this.#collector?.catch(() => undefined)
    if (collector === undefined) return
    await stop(collector.child)
    await rm(collector.store, { recursive: true, force: true })
  }

  async #record(folder: string, run: () => Promise<void>, { wire, effects }: RecordedSources): Promise<void> {
    const { store, url } = await (this.#collector ??= startCollector())
    const sources = { ...(wire !== undefined && { wire }), ...(effects !== undefined && { effects }) }
    const said = JSON.stringify(sources)
    if (this.#recorder === undefined || this.#sources !== said) {
      await this.#recorder?.stop()
      this.#recorder = startRecorder({ endpoint: url, exporter: 'reprise', spool: false, ...sources })
      this.#sources = said
    }
    await run()
    await sendAll(this.#recorder)
    // Most tests replay, and need no store for it.
    const { openStore } = await import('../../store/index.ts')
    const reader = await openStore(store, { mode: 'read' })
    try {
      await reader.index.catchUp()
      const made = reader.index.listRuns({ limit: 1000 }).runs.filter(({ id }) => !this.#seen.has(id))
      for (const { id } of made) this.#seen.add(id)
      // Newest first: the run itself began before any other that it may have made.
      const own = made.at(-1)
      if (own === undefined) throw new RepriseError('internal', 'no run was made, so there is nothing to keep: is recording turned off?')
      await exportRecording(reader, own.id, folder, { force: true })
    } finally {
      await reader.close()
    }
  }
}

/** Sends the whole run, and what ends while it is sent: a request, say, that was called off at the very end. */
async function sendAll(recorder: RecorderHandle): Promise<void> {
  await new Promise<void>((resolve) => void ownTimers.setImmediate(() => resolve()))
  for (let tries = 1; tries <= SEND_TRIES_MAX; tries++) {
    const { sent, failed, dropped } = await recorder.flush()
    if (failed + dropped > 0) throw new RepriseError('internal', `the run could not be recorded: ${failed + dropped} steps were lost`)
    if (sent === 0) return
  }
}

async function startCollector(): Promise<{ child: ChildProcess; store: string; url: string }> {
  const store = await mkdtemp(join(tmpdir(), 'reprise-test-'))
  const main = fileURLToPath(new URL(`../../cli/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url))
  const options = ['up', '--port', '0', '--grpc-port', 'off', '--store', store, '--quiet', '--workers', '0']
  // Settings of the program under test are not the collector's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(?:REPRISE|OTEL|VITEST|NODE_OPTIONS)/.test(key)))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...options], {
    cwd: store,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2000)
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (why: string): void =>
    reject(new RepriseError('internal', `no recording: its collector ${why}${said === '' ? '' : `: ${said}`}`))
  const timer = ownTimers.setTimeout(() => fail(`did not start within ${START_MAX_MILLIS} ms`), START_MAX_MILLIS)
  child.once('error', (error) => fail(`could not be started (${error.message})`))
  child.once('close', (code) => fail(`ended with ${String(code)}`))
  let line = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    line += text
    if (line.includes('\n')) resolve(line.slice(0, line.indexOf('\n')))
  })
  try {
    return { child, store, url: await promise }
  } catch (error) {
    child.kill('SIGKILL')
    await rm(store, { recursive: true, force: true })
    throw error
  } finally {
    ownTimers.clearTimeout(timer)
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGTERM')
  await closed
}
