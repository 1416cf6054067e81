import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative, resolve, sep } from 'node:path'
import {
  formatJUnit,
  formatVerdict,
  type JUnitCase,
  junitCase,
  listRecordings,
  loadRecording,
  type Recording,
  type ReplayOptions,
  replay,
  replayAll,
} from '../../replay/index.ts'
import { RepriseError, type Verdict } from '../../schemas/index.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { ofFlag } from '../flag-values.ts'
import type { Settings } from '../settings.ts'
import { plain, type Terminal, writeLine } from '../terminal.ts'
import { exportOf, importModule, type Program } from './replay-module.ts'
import { whileOffline } from './replay-offline.ts'
import { whileRecording } from './replay-recorder.ts'
import { whileCatching } from './replay-uncaught.ts'

export type ReplayFlags = {
  module: string
  export?: string
  timeoutMillis?: number
  all?: string
  lanes?: number
  junit?: string
  mode?: 'exact' | 'cached'
  onMiss?: 'throw' | 'live'
  allowWrite?: string[]
  serve?: 'call' | 'wire'
  allowNet?: string[]
  record?: boolean
  pacing?: 'instant' | 'recorded' | 'scaled'
  scale?: number
  resplit?: string
}

/** One recording, or with `--all` every one below a folder. */
export async function replayRecordings(
  settings: Settings,
  terminal: Terminal,
  folder: string | undefined,
  flags: ReplayFlags,
): Promise<number> {
  const work = async (): Promise<number> => await whileCatching(terminal, async () => await replayThem(settings, terminal, folder, flags))
  if (flags.onMiss !== 'live') return await whileOffline(terminal, flags.allowNet ?? [], work)
  if (flags.allowNet !== undefined)
    throw new RepriseError('usage', '--allow-net is for replays that are denied the network: not with --on-miss live')
  return await work()
}

async function replayThem(settings: Settings, terminal: Terminal, folder: string | undefined, flags: ReplayFlags): Promise<number> {
  if ((folder === undefined) === (flags.all === undefined))
    throw new RepriseError('usage', 'replay: expected a recording, or --all with a folder of recordings, and not both')
  const file = resolve(terminal.cwd, flags.module)
  const timeout = flags.timeoutMillis === undefined ? {} : { timeoutMillis: flags.timeoutMillis }
  const options: ReplayOptions = { ...timeout, ...modeOf(flags), ...paceOf(flags) }
  if (folder === undefined && (options.mode !== undefined || flags.serve === 'wire'))
    throw new RepriseError('usage', '--all is for exact replays that serve calls')
  if (folder === undefined) return await replayEach(settings, terminal, flags, file, timeout)
  if (flags.lanes !== undefined || flags.junit !== undefined) throw new RepriseError('usage', '--lanes and --junit go with --all')
  const recording = await loadRecording(resolve(terminal.cwd, folder))
  const name = flags.export ?? recording.manifest.name
  const replayed = async (): Promise<Verdict> =>
    await ofFlag('serve', async () => await replay(recording, exportOf(await importModule(file), file, name), options))
  const verdict = options.record === true ? await whileRecording(settings, terminal, replayed) : await replayed()
  print(settings, terminal, verdict)
  return exitCodeOfVerdict(verdict)
}

/** Throws `usage` for flags that do not go together. */
function modeOf({ mode = 'exact', onMiss, allowWrite, record, serve }: ReplayFlags): ReplayOptions {
  const served = { ...(serve === undefined ? {} : { serve }), ...(allowWrite === undefined ? {} : { allowWrites: allowWrite }) }
  if (mode === 'exact' && (onMiss !== undefined || (allowWrite !== undefined && serve !== 'wire')))
    throw new RepriseError('usage', '--on-miss and --allow-write go with --mode cached, and --allow-write with --serve wire')
  if (mode === 'exact') return served
  if (allowWrite !== undefined && onMiss !== 'live' && serve !== 'wire')
    throw new RepriseError('usage', '--allow-write goes with --on-miss live, or with --serve wire')
  const isLive = onMiss === 'live'
  return { mode, ...served, ...(onMiss === undefined ? {} : { onMiss }), record: isLive && record !== false }
}

function paceOf({ pacing, scale, resplit }: ReplayFlags): ReplayOptions {
  if ((pacing === 'scaled') !== (scale !== undefined))
    throw new RepriseError('usage', '--scale and --pacing scaled go together: expected both, or neither')
  return {
    ...(pacing === undefined ? {} : { pacing }),
    ...(scale === undefined ? {} : { scale }),
    ...(resplit === undefined ? {} : { resplit }),
  }
}

async function replayEach(
  settings: Settings,
  terminal: Terminal,
  flags: ReplayFlags,
  file: string,
  timeout: { timeoutMillis?: number },
): Promise<number> {
  const { all = '', export: exportName, lanes = availableParallelism(), junit } = flags
  const root = resolve(terminal.cwd, all)
  const folders = listRecordings(root)
  const found = await importModule(file)
  const cases: JUnitCase[] = []
  const codes = new Set<number>()
  const programOf = (recording: Recording): Program => exportOf(found, file, exportName ?? recording.manifest.name)
  for await (const report of replayAll(folders, programOf, { lanes, ...timeout, ...paceOf(flags) })) {
    const shown = relative(root, report.folder).split(sep).join('/') || '.'
    cases.push(junitCase(report, shown))
    const { outcome } = report
    if (outcome instanceof Error) {
      codes.add(exitCodeOf(outcome))
      const code = RepriseError.isInstance(outcome) ? outcome.code : 'internal'
      if (settings.json) writeLine(terminal.stdout, JSON.stringify({ folder: shown, error: { code, message: outcome.message } }))
      else writeLine(terminal.stdout, plain(`${shown}: error: ${outcome.message}`))
    } else {
      codes.add(exitCodeOfVerdict(outcome))
      if (settings.json) writeLine(terminal.stdout, JSON.stringify({ folder: shown, verdict: outcome }))
      else print(settings, terminal, outcome, `${shown}: `)
    }
  }
  if (junit !== undefined) writeReport(resolve(terminal.cwd, junit), formatJUnit(cases))
  const passed = cases.filter(({ result }) => result === 'passed').length
  if (!settings.json) writeLine(terminal.stdout, `${passed} of ${cases.length} recordings exact`)
  // What is wrong with a recording itself comes before what its program did.
  return WORST_FIRST.find((code) => codes.has(code)) ?? [...codes].find((code) => code !== EXIT.ok) ?? EXIT.ok
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new RepriseError('usage', `--junit: cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const WORST_FIRST: readonly number[] = [EXIT.integrity, EXIT.missing, EXIT.usage, EXIT.diverged]

function print(settings: Settings, terminal: Terminal, verdict: Verdict, before = ''): void {
  if (settings.json) writeLine(terminal.stdout, JSON.stringify(verdict))
  else
    for (const [index, line] of formatVerdict(verdict).split('\n').entries())
      writeLine(terminal.stdout, plain(index === 0 ? before + line : line))
}

/**
 * Of a replay that may do otherwise than recorded, what matters is that nothing was refused it. An exact one is cached where its
 * streams were cut elsewhere, as was asked for, and nothing else was otherwise.
 */
export function exitCodeOfVerdict({ label, mode }: Verdict): number {
  if (label === 'exact' || label === 'cached' || (mode !== 'exact' && label === 'live')) return EXIT.ok
  return label === 'missing' ? EXIT.missing : EXIT.diverged
}
