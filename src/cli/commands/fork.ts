import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  exportRecording,
  type ForkOptions,
  fork,
  formatForkPlan,
  formatVerdict,
  loadRecording,
  planOfFork,
  type Recording,
} from '../../replay/index.ts'
import { parseJson, RepriseError } from '../../schemas/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import { ofFlag } from '../flag-values.ts'
import type { Settings } from '../settings.ts'
import { plain, type Terminal, writeLine } from '../terminal.ts'
import { exitCodeOfVerdict } from './replay.ts'
import { exportOf, importModule } from './replay-module.ts'
import { whileRecording } from './replay-recorder.ts'
import { whileCatching } from './replay-uncaught.ts'

export type ForkFlags = {
  at: string
  set: string[]
  module?: string
  export?: string
  dryRun?: boolean
  onMiss?: 'throw' | 'live'
  serve?: 'call' | 'wire'
  allowWrite?: string[]
  timeoutMillis?: number
  record?: boolean
}

/** A run of the store, or a recording, run again with one step changed. Says first what is expected; with `--dry-run` that alone. */
export async function forkRun(settings: Settings, terminal: Terminal, wanted: string, flags: ForkFlags): Promise<number> {
  const options: ForkOptions = {
    at: flags.at,
    set: Object.fromEntries(flags.set.map(readAssignment)),
    ...(flags.onMiss === undefined ? {} : { onMiss: flags.onMiss }),
    ...(flags.serve === undefined ? {} : { serve: flags.serve }),
    ...(flags.allowWrite === undefined ? {} : { allowWrites: flags.allowWrite }),
    ...(flags.timeoutMillis === undefined ? {} : { timeoutMillis: flags.timeoutMillis }),
    record: flags.record !== false,
  }
  const home = await mkdtemp(join(tmpdir(), 'reprise-fork-'))
  try {
    const recording = await recordingOf(settings, terminal, wanted, home)
    return await whileCatching(terminal, async () => await forkOf(settings, terminal, recording, options, flags))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function forkOf(
  settings: Settings,
  terminal: Terminal,
  recording: Recording,
  options: ForkOptions,
  flags: ForkFlags,
): Promise<number> {
  const plan = await ofFlag('serve', async () => await ofFlag('set', () => planOfFork(recording, options)))
  if (flags.dryRun === true) {
    if (settings.json) writeLine(terminal.stdout, JSON.stringify(plan))
    else tell(terminal.stdout, formatForkPlan(plan))
    return EXIT.ok
  }
  if (flags.module === undefined) throw new RepriseError('usage', '--module: expected the module that holds the program (or --dry-run)')
  if (!settings.quiet) tell(terminal.stderr, formatForkPlan(plan))
  const file = resolve(terminal.cwd, flags.module)
  const name = flags.export ?? recording.manifest.name
  const work = async (): ReturnType<typeof fork> => await fork(recording, exportOf(await importModule(file), file, name), options)
  const allowed = async (): ReturnType<typeof fork> => await ofFlag('allow-write', work)
  const { verdict, runId } = options.record === true ? await whileRecording(settings, terminal, allowed) : await allowed()
  if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.fork/1', runId, plan, verdict }))
  else tell(terminal.stdout, formatVerdict(verdict))
  if (!settings.quiet && runId !== undefined) writeLine(terminal.stderr, `next: reprise show ${runId.slice(0, 12)}`)
  return exitCodeOfVerdict(verdict)
}

function tell(stream: Terminal['stdout'], text: string): void {
  for (const line of text.split('\n')) writeLine(stream, plain(line))
}

/** A recording's folder, or a run of the store, which is exported into `home`. */
async function recordingOf(settings: Settings, terminal: Terminal, wanted: string, home: string): Promise<Recording> {
  const folder = resolve(terminal.cwd, wanted)
  if (existsSync(join(folder, 'recording.json'))) return await loadRecording(folder)
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const out = join(home, 'recording')
    await exportRecording(store, findRun(store, wanted).id, out)
    return await loadRecording(out)
  } finally {
    await store.close()
  }
}

/** `path=value`: JSON where it is JSON, otherwise the text itself. */
function readAssignment(assignment: string): [path: string, value: unknown] {
  const at = assignment.indexOf('=')
  if (at <= 0) throw new RepriseError('usage', `--set ${assignment}: expected path=value`)
  const text = assignment.slice(at + 1)
  try {
    return [assignment.slice(0, at), parseJson(text)]
  } catch {
    return [assignment.slice(0, at), text]
  }
}
