import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Collector } from '../../collector/index.ts'
import { exportRecording, formatVerdict, loadRecording, replay } from '../../replay/index.ts'
import { RepriseError, type RunSummary } from '../../schemas/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { shellWord } from '../shell-word.ts'
import { formatDuration, millisBetween, paint, plain, plural, type Terminal, tableLines, writeLine } from '../terminal.ts'
import { VERSION } from '../version.ts'
import { RUN_COLUMNS, runRow } from './runs.ts'
import { serveUntilStopped, startFromSettings } from './up.ts'

type ModelServer = { readonly url: string; requests(): number; close(): Promise<void> }

const CHILD_TIMEOUT_MILLIS = 60_000

/** The examples stand beside `src` as sources and beside `dist/cli` as built files. */
function exampleFile(name: string): string {
  const built = import.meta.url.endsWith('.js')
  return fileURLToPath(new URL(built ? `../../examples/${name}.js` : `../../../examples/${name}.ts`, import.meta.url))
}

/** Runs an example as the separate program that it is; its output goes to stderr, since stdout is for data. */
async function runProgram(file: string, env: Record<string, string>, terminal: Terminal, quiet: boolean): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHILD_TIMEOUT_MILLIS,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-16_384)
    })
  }
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject).once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'))
  })
  if (code !== 0) throw new RepriseError('internal', `${file} ended with ${code}:\n${output}`)
  if (!quiet)
    for (const line of output.trim().split('\n')) writeLine(terminal.stderr, paint(terminal.colorErr, 'dim', `  | ${plain(line)}`))
}

/** The demo's own collector: on the asked-for store and port, or on free ones (said) where they are taken. */
async function startDemoCollector(settings: Settings, terminal: Terminal): Promise<{ collector: Collector; settings: Settings }> {
  const say = (line: string): void => writeLine(terminal.stderr, line)
  let current = settings
  let port = settings.values.port
  for (;;) {
    try {
      return { collector: await startFromSettings(current, terminal, port), settings: current }
    } catch (error) {
      if (!RepriseError.isInstance(error)) throw error
      if (error.code === 'port_in_use' && settings.origins.port.from === 'default' && port !== 0) {
        say(`port ${port} is taken: using a free one`)
        port = 0
      } else if (error.code === 'store_locked' && settings.origins.store.from === 'default' && current === settings) {
        current = { ...settings, storeFolder: await mkdtemp(join(tmpdir(), 'reprise-demo-')) }
        say(`${settings.storeFolder} is in use: the demo takes ${current.storeFolder}`)
      } else throw error
    }
  }
}

/** Waits until the run that ended last stands in the index with its end. */
async function waitForRun(collector: Collector, name: string): Promise<RunSummary> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`${collector.url}/api/v1/runs?limit=5`)
    const { runs } = (await response.json()) as { runs: RunSummary[] }
    const run = runs.find((candidate) => candidate.name === name && candidate.endNanos !== undefined)
    if (run !== undefined) return run
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new RepriseError('internal', `the run '${name}' did not reach the collector within 5 s`)
}

export type DemoFlags = { serve: boolean }

/**
 * Records two real programs, lists them, exports the agent's run and replays it with its model server stopped.
 * Exit code 4 when the replay is not exact.
 */
export async function demo(asked: Settings, terminal: Terminal, flags: DemoFlags): Promise<number> {
  const agentFile = exampleFile('support-agent/agent')
  if (!existsSync(agentFile))
    throw new RepriseError('usage', `the demo's programs are not here (${agentFile}): build them with npm run build`)
  const { collector, settings } = await startDemoCollector(asked, terminal)
  const say = (line: string): void => {
    if (!settings.quiet) writeLine(terminal.stderr, line)
  }
  const heading = (text: string): string => paint(terminal.colorErr, 'cyan', text.padEnd(10))
  const store = relative(terminal.cwd, settings.storeFolder).startsWith('..')
    ? settings.storeFolder
    : `./${relative(terminal.cwd, settings.storeFolder)}`
  let modelServer: ModelServer | undefined
  try {
    say(`${paint(terminal.colorErr, 'bold', `reprise ${VERSION}`)} · store ${store} · everything stays on this machine`)
    const { startModelServer } = (await import(exampleFile('support-agent/model-server'))) as { startModelServer(): Promise<ModelServer> }
    modelServer = await startModelServer()

    const env = { REPRISE_ENDPOINT: collector.url, REPRISE_EXPORTER: 'reprise', OPENAI_BASE_URL: modelServer.url, OPENAI_API_KEY: 'none' }
    const record = async (name: string, root: string): Promise<RunSummary> => {
      await runProgram(exampleFile(`${name}/main`), env, terminal, settings.quiet)
      const run = await waitForRun(collector, root)
      const took = run.endNanos === undefined ? '' : formatDuration(millisBetween(run.startNanos, run.endNanos))
      const hidden = run.redactions > 0 ? `   ${plural(run.redactions, 'redaction')}` : ''
      say(`${heading('recorded')}${name.padEnd(15)} run ${run.id.slice(0, 12)}   ${plural(run.steps, 'step')}   ${took}${hidden}`)
      return run
    }
    const agentRun = await record('support-agent', 'answer')
    await record('train-digits', 'train')
    const asks = modelServer.requests()
    await modelServer.close()
    modelServer = undefined
    say(`${heading('stopped')}the model server, after ${plural(asks, 'request')}`)

    const reader = await openStore(settings.storeFolder, { mode: 'read' })
    const folder = join(settings.storeFolder, 'recordings', `support-agent-${agentRun.id.slice(0, 12)}`)
    try {
      const { runs } = reader.index.listRuns({ limit: 5 })
      if (settings.json) for (const run of runs) writeLine(terminal.stdout, JSON.stringify(run))
      else for (const line of tableLines(RUN_COLUMNS, runs.map(runRow))) writeLine(terminal.stdout, line)
      await exportRecording(reader, agentRun.id, folder, { force: true })
    } finally {
      await reader.close()
    }
    const shownFolder = folder.replace(settings.storeFolder, store)
    say(`${heading('exported')}${shownFolder}`)

    const { answer } = (await import(agentFile)) as { answer: (...args: never[]) => unknown }
    const verdict = await replay(await loadRecording(folder), answer)
    if (settings.json) writeLine(terminal.stdout, JSON.stringify(verdict))
    else writeLine(terminal.stdout, plain(formatVerdict(verdict).split('\n')[0] ?? ''))
    const { counts } = verdict
    const exact = verdict.label === 'exact'
    const label = paint(terminal.colorErr, exact ? 'green' : 'red', verdict.label)
    say(
      `${heading('replayed')}${label} ${counts.labels.exact ?? 0}/${counts.steps} steps · live ${counts.live} · unmatched ${counts.unmatched} · unused ${counts.unused} · sockets ${counts.socketsDenied}`,
    )
    if (!exact) for (const line of formatVerdict(verdict).split('\n')) say(plain(line))
    const program = relative(terminal.cwd, agentFile)
    const storeFlag = store === './.reprise' ? '' : ` --store ${shellWord(store)}`
    say(`${heading('next')}npx reprise show ${agentRun.id.slice(0, 12)}${storeFlag}`)
    say(`${heading('')}npx reprise replay ${shownFolder} --module ${program} --export answer`)
    if (!exact) return EXIT.diverged
    if (!flags.serve) return EXIT.ok
    say(`${heading('open')}${collector.url}/api/v1/runs   (Ctrl-C stops)`)
    return await serveUntilStopped(collector, terminal, settings.quiet)
  } finally {
    await modelServer?.close()
    await collector.close()
  }
}
