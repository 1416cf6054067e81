import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:os'
import { relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Collector } from '../../collector/index.ts'
import { RepriseError, type RunSummary } from '../../schemas/index.ts'
import { inspectStore, openStore } from '../../store/index.ts'
import { askCollector } from '../ask-collector.ts'
import type { Settings } from '../settings.ts'
import { shellWord } from '../shell-word.ts'
import { formatDuration, millisBetween, paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'
import { formatCost } from './runs.ts'
import { startFromSettings } from './up.ts'

/** By this tag the runs of one invocation are found again, whoever's SDK the program uses. */
const TAG = 'invocation'
const SHOWN_MAX = 20
/** How long is waited for a collector that was there already to notice the end of the program. */
const SETTLE_MILLIS = 6_000
const COMMAND_NOT_FOUND = 127
const COMMAND_NOT_EXECUTABLE = 126
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** A collector that is there already and keeps what it gets in this store; undefined when there is none. */
export async function findCollector(settings: Settings): Promise<string | undefined> {
  const { host, port, endpoint } = settings.values
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  // Whoever writes to the store says where it is, on whatever port.
  const writer = inspectStore(settings.storeFolder).writer?.url
  for (const url of new Set([...(writer === undefined ? [] : [writer]), endpoint, own])) {
    const answer = await askCollector(url)
    if (answer?.store === settings.storeFolder) return url
  }
  return undefined
}

function childEnvironment(settings: Settings, url: string, tag: string): NodeJS.ProcessEnv {
  const { env } = process
  const attributes = [env['OTEL_RESOURCE_ATTRIBUTES'], `reprise.tag.${TAG}=${tag}`].filter((text) => text !== undefined && text !== '')
  return {
    ...env,
    REPRISE_ENDPOINT: url,
    REPRISE_STORE: settings.storeFolder,
    ...(settings.values.redactionPolicy !== undefined && { REPRISE_REDACTION_POLICY: settings.values.redactionPolicy }),
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url}/v1/logs`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/protobuf',
    OTEL_TRACES_EXPORTER: env['OTEL_TRACES_EXPORTER'] ?? 'otlp',
    OTEL_LOGS_EXPORTER: env['OTEL_LOGS_EXPORTER'] ?? 'otlp',
    OTEL_METRICS_EXPORTER: env['OTEL_METRICS_EXPORTER'] ?? 'none',
    OTEL_RESOURCE_ATTRIBUTES: attributes.join(','),
  }
}

/** Runs the program to its end with our streams; gives its exit code, 128 + n when signal n ended it. */
async function runChild(command: readonly string[], env: NodeJS.ProcessEnv, isTerminal: boolean): Promise<number> {
  const [file = '', ...args] = command
  const child = spawn(file, args, { env, stdio: 'inherit' })
  const passOn = (signal: NodeJS.Signals): void => {
    // Ctrl-C reaches the whole foreground group of a terminal: the child has it already.
    if (!(isTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, passOn)
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(error))
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
    })
  } finally {
    for (const signal of SIGNALS) process.off(signal, passOn)
  }
}

/** The runs of this invocation, oldest first. */
async function readRuns(settings: Settings, tag: string): Promise<RunSummary[]> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const runs: RunSummary[] = []
    let cursor: string | undefined
    do {
      const page = store.index.listRuns({
        limit: 1000,
        namespace: settings.values.namespace,
        tags: [`${TAG}=${tag}`],
        ...(cursor !== undefined && { cursor }),
      })
      runs.push(...page.runs)
      cursor = page.next
    } while (cursor !== undefined && runs.length < 10_000)
    return runs.reverse()
  } finally {
    await store.close()
  }
}

function describeRun(run: RunSummary): string {
  const took = run.endNanos === undefined ? '' : ` · ${formatDuration(millisBetween(run.startNanos, run.endNanos))}`
  const where = run.stage === undefined ? '' : ` in ${run.stage.kind} ${run.stage.name}`
  const cost = run.cost === undefined ? '' : ` · ${formatCost(run.cost)}`
  const hidden = run.redactions === 0 ? '' : ` · ${plural(run.redactions, 'redaction')}`
  const failed = run.errors === 0 ? '' : ` · ${plural(run.errors, 'error')}`
  return `${run.id.slice(0, 12)}  ${run.name}  ${run.status}${where} · ${plural(run.steps, 'step')}${failed}${took}${cost}${hidden}`
}

/**
 * Runs a program with a collector beside it: one that is there already and writes to this store, or one of its own on a
 * free port. Gives the exit code of the program.
 */
export async function run(settings: Settings, terminal: Terminal, command: readonly string[]): Promise<number> {
  const say = (line: string): void => {
    if (!settings.quiet) writeLine(terminal.stderr, line)
  }
  const found = await findCollector(settings)
  let own: Collector | undefined
  if (found === undefined) {
    const port = settings.origins.port.from === 'flag' ? settings.values.port : 0
    own = await startFromSettings({ ...settings, quiet: true }, terminal, port)
  }
  const url = own?.url ?? found ?? ''
  const tag = randomUUID().slice(0, 8)
  try {
    const isTerminal = 'isTTY' in terminal.stdin && terminal.stdin.isTTY === true
    const code = await runChild(command, childEnvironment(settings, url, tag), isTerminal).catch((error: NodeJS.ErrnoException) => {
      writeLine(terminal.stderr, plain(`cannot run ${command[0] ?? ''}: ${error.code === 'ENOENT' ? 'no such command' : error.message}`))
      return error.code === 'EACCES' ? COMMAND_NOT_EXECUTABLE : COMMAND_NOT_FOUND
    })
    await own?.checkSenders()
    let runs = await readRuns(settings, tag)
    const settled = performance.now() + SETTLE_MILLIS
    // The other collector looks every few seconds which programs are gone.
    while (own === undefined && runs.some(({ status }) => status === 'running') && performance.now() < settled) {
      await sleep(250)
      runs = await readRuns(settings, tag)
    }
    tellRuns(settings, terminal, runs, { code, tag, say })
    return code
  } catch (error) {
    if (RepriseError.isInstance(error)) throw error
    throw new RepriseError('internal', error instanceof Error ? error.message : String(error), { cause: error })
  } finally {
    await own?.close()
  }
}

function tellRuns(
  settings: Settings,
  terminal: Terminal,
  runs: readonly RunSummary[],
  { code, tag, say }: { readonly code: number; readonly tag: string; readonly say: (line: string) => void },
): void {
  // stdout belongs to the program.
  if (settings.json) {
    writeLine(terminal.stderr, JSON.stringify({ schema: 'reprise.run/1', exitCode: code, tag: `${TAG}=${tag}`, runs }))
    return
  }
  const label = (text: string): string => paint(terminal.colorErr, 'dim', text.padEnd(10))
  if (runs.length === 0) {
    say(`${label('recorded')}nothing: the program sent no spans. Does it use reprise, or an OpenTelemetry SDK?`)
    return
  }
  for (const each of runs.slice(0, SHOWN_MAX)) say(`${label('recorded')}${plain(describeRun(each))}`)
  if (runs.length > SHOWN_MAX) say(`${label('')}and ${runs.length - SHOWN_MAX} more`)
  const [first] = runs
  const folder = relative(terminal.cwd, settings.storeFolder)
  const store =
    settings.origins.store.from === 'default' ? '' : ` --store ${shellWord(folder.startsWith('..') ? settings.storeFolder : `./${folder}`)}`
  say(
    `${label('next')}reprise ${runs.length === 1 && first !== undefined ? `show ${first.id.slice(0, 12)}` : `runs --tag ${TAG}=${tag}`}${store}`,
  )
}
