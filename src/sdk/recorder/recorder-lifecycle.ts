import { RepriseError } from '../../schemas/index.ts'
import { outsideOfRuns } from '../effects/real.ts'
import type { DrainReport } from '../export/drain.ts'
import { runtime } from '../run/runtime.ts'
import { unwatchSignals } from './exit-signals.ts'
import { startNodeSdk } from './node-sdk.ts'
import { type RecorderOptions, type RecorderSettings, resolveRecorderOptions } from './options.ts'
import { spoolUnsent, watchExit } from './process-exit.ts'
import { Recorder } from './recorder.ts'
import { warnOnce } from './warning.ts'

export interface RecorderHandle {
  /** Resolves when an OpenTelemetry SDK that was asked for is set up; at once without one. */
  readonly ready: Promise<void>
  flush(): Promise<DrainReport>
  /** Sends what there is and ends; calls made later are not recorded. A second stop does nothing. */
  stop(): Promise<DrainReport>
}

/**
 * Starts recording with options of the program's own; without it the first wrapped call starts it from the environment.
 * While a recorder runs already, the new one takes over; what the old one holds is still sent.
 * A variable of the environment that cannot be read is named on stderr, and nothing is recorded.
 * @throws RepriseError `invalid_option` for what is given here
 */
export function startRecorder(options: RecorderOptions = {}): RecorderHandle {
  const values = readOptions(options)
  const shared = runtime()
  const before = shared.recorder
  const recorder = values?.enabled === true ? new Recorder(values) : null
  shared.recorder = recorder
  if (before != null) void outsideOfRuns(() => stopRecorder(before))
  if (recorder !== null) watchExit()
  const nodeSdk = recorder !== null && options.otel === 'node-sdk' ? startNodeSdk(recorder.options) : undefined
  if (recorder !== null && nodeSdk !== undefined) recorder.flushSdk = async () => await (await nodeSdk).flush()
  let stopped: Promise<DrainReport> | undefined
  const stop = async (): Promise<DrainReport> => {
    if (shared.recorder === recorder) shared.recorder = null
    const report = recorder === null ? NOTHING : await outsideOfRuns(() => stopRecorder(recorder))
    await (await nodeSdk)?.stop()
    return report
  }
  return {
    ready: nodeSdk === undefined ? Promise.resolve() : nodeSdk.then(() => {}),
    flush: async () => (await outsideOfRuns(() => recorder?.flush())) ?? NOTHING,
    stop: () => (stopped ??= stop()),
  }
}

function readOptions(options: RecorderOptions): RecorderSettings | undefined {
  try {
    return resolveRecorderOptions(options)
  } catch (error) {
    if (!RepriseError.isInstance(error) || error.details?.['from'] !== 'environment') throw error
    warnOnce(`nothing is recorded: ${error.message}`)
    return undefined
  }
}

const NOTHING: DrainReport = { sent: 0, failed: 0, dropped: 0 }

/** Sends all steps that have ended, announces those that have not, and waits for the acknowledgement. Never rejects. */
export async function flush(): Promise<DrainReport> {
  const { recorder } = runtime()
  return recorder == null ? NOTHING : await outsideOfRuns(() => recorder.flush())
}

/** The recorder that calls go to; started from the environment by the first call. `undefined` when nothing is recorded. */
export function currentRecorder(): Recorder | undefined {
  const { recorder } = runtime()
  return recorder === undefined ? startFromEnvironment() : (recorder ?? undefined)
}

function startFromEnvironment(): Recorder | undefined {
  try {
    startRecorder()
  } catch (error) {
    runtime().recorder = null
    warnOnce(`nothing is recorded: ${RepriseError.isInstance(error) ? error.message : String(error)}`)
  }
  return runtime().recorder ?? undefined
}

async function stopRecorder(recorder: Recorder): Promise<DrainReport> {
  recorder.stop()
  recorder.announce(0)
  const report = await recorder.drain.run(true)
  spoolUnsent(recorder)
  await recorder.drain.close()
  if (runtime().recorder == null) unwatchSignals()
  return report
}
