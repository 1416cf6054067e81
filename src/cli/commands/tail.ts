import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { liveEventOf } from '../../collector/index.ts'
import { type LiveEvent, parseJson, RepriseError } from '../../schemas/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, millisBetween, paint, plain, type Terminal, writeLine } from '../terminal.ts'

export type TailFlags = { run?: string; url?: string; last: number }

const POLL_MILLIS = 200
const EVENT_MAX_LENGTH = 16 * 1024 * 1024

function timeOf(nanos: string | undefined): string {
  const millis = nanos === undefined ? Number.NaN : Number(BigInt(nanos) / 1_000_000n)
  return Number.isFinite(millis) && millis <= 8.64e15 ? new Date(millis).toISOString().slice(11, 23) : '--:--:--.---'
}

/** One line for people. */
function describe(event: LiveEvent): string {
  const run = event.runId === undefined ? '' : `  run ${event.runId.slice(0, 12)}`
  if (event.type === 'gap') return `${timeOf(undefined)}  gap            ${event.count ?? 0} missing (${event.reason ?? ''})${run}`
  const head = `${timeOf(event.startNanos)}  ${(event.type === 'log' ? 'log' : (event.kind ?? 'step')).padEnd(13)}  ${event.name ?? '-'}`
  if (event.type === 'log') return `${head}  ${event.severity ?? ''}${run}`
  const took =
    event.startNanos !== undefined && event.endNanos !== undefined
      ? formatDuration(millisBetween(event.startNanos, event.endNanos))
      : 'started'
  const notes = [
    event.status === 'error' ? 'error' : '',
    event.model ?? '',
    event.redactions === undefined ? '' : `redacted ${event.redactions}`,
  ].filter((note) => note !== '')
  return `${head}  ${took}${notes.length > 0 ? ` · ${notes.join(' · ')}` : ''}${run}`
}

class Printer {
  readonly #terminal: Terminal
  readonly #json: boolean
  readonly #run: string | undefined
  readonly #namespace: string

  constructor(settings: Settings, terminal: Terminal, run: string | undefined) {
    this.#terminal = terminal
    this.#json = settings.json
    this.#run = run
    this.#namespace = settings.values.namespace
  }

  /** Resolves once there is room for more: a slow terminal slows the reading down, and nothing else. */
  async print(event: LiveEvent): Promise<void> {
    if (event.namespace !== this.#namespace || (this.#run !== undefined && event.runId !== this.#run)) return
    const { stdout, colorOut } = this.#terminal
    const line = this.#json ? JSON.stringify(event) : plain(describe(event))
    const shown = event.status === 'error' && !this.#json ? paint(colorOut, 'red', line) : line
    if (!stdout.write(`${shown}\n`)) await once(stdout, 'drain')
  }
}

/** Exit code 0 after SIGTERM, 130 after SIGINT; 7 when a collector that is followed goes away. */
export async function tail(settings: Settings, terminal: Terminal, flags: TailFlags): Promise<number> {
  const stopped = new AbortController()
  let code: number = EXIT.ok
  const stop = (signal: NodeJS.Signals): void => {
    code = signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok
    stopped.abort()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    if (flags.url === undefined) await tailFiles(settings, terminal, flags, stopped.signal)
    else await tailCollector(settings, terminal, flags, flags.url, stopped.signal)
  } catch (error) {
    if (!stopped.signal.aborted) throw error
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
  return code
}

/** Follows the tape itself, whether a collector runs or not. */
async function tailFiles(settings: Settings, terminal: Terminal, flags: TailFlags, signal: AbortSignal): Promise<void> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const run = flags.run === undefined ? undefined : findRun(store, flags.run).id
    const printer = new Printer(settings, terminal, run)
    if (!settings.quiet) writeLine(terminal.stderr, `following ${settings.storeFolder}   (Ctrl-C stops)`)
    let next = store.tape.head().group + 1
    for (const line of await lastLines(store, next - 1, flags.last)) {
      const event = liveEventOf(line)
      if (event !== undefined) await printer.print(event)
    }
    while (!signal.aborted) {
      if (store.tape.head().group < next) {
        await sleep(POLL_MILLIS, undefined, { signal })
        continue
      }
      for await (const { group, lines } of store.tape.readGroups(next)) {
        for (const line of lines) {
          if (signal.aborted) return
          const event = liveEventOf(line)
          if (event !== undefined) await printer.print(event)
        }
        next = group + 1
      }
    }
  } finally {
    await store.close()
  }
}

/** The last lines up to a group, in tape order. */
async function lastLines(store: Store, head: number, count: number): Promise<string[]> {
  let lines: string[] = []
  for (let group = head; group >= 0 && lines.length < count; group--) {
    for await (const found of store.tape.readGroups(group)) {
      lines = [...found.lines, ...lines]
      break
    }
  }
  return count === 0 ? [] : lines.slice(-count)
}

/** Follows the live feed of a collector, which may be another machine's. */
async function tailCollector(settings: Settings, terminal: Terminal, flags: TailFlags, url: string, signal: AbortSignal): Promise<void> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new RepriseError('usage', '--url: expected http:// or https:// and a host')
  if (flags.run !== undefined && !/^[0-9a-f]{32}$/.test(flags.run))
    throw new RepriseError('usage', '--run: expected 32 lowercase hex digits beside --url')
  const feed = new URL('/api/v1/live', url)
  if (flags.run !== undefined) feed.searchParams.set('run', flags.run)
  const printer = new Printer(settings, terminal, flags.run)
  const gone = (cause?: unknown): RepriseError =>
    new RepriseError('collector_unreachable', `the collector at ${feed.origin} does not answer, or has gone away`, { cause })
  const response = await fetch(feed, { signal, headers: { accept: 'text/event-stream' } }).catch((error: unknown) => {
    throw gone(error)
  })
  if (!response.ok || response.body === null)
    throw new RepriseError('collector_unreachable', `${feed.origin} answers ${response.status} to the live feed`)
  if (!settings.quiet) writeLine(terminal.stderr, `following ${feed.origin}   (Ctrl-C stops)`)
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length > EVENT_MAX_LENGTH) throw gone()
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) await printBlock(block, printer, settings, terminal)
    }
  } catch (error) {
    if (signal.aborted) return
    throw gone(error)
  }
  throw gone()
}

async function printBlock(block: string, printer: Printer, settings: Settings, terminal: Terminal): Promise<void> {
  const type = /^event: (.*)$/m.exec(block)?.[1]
  const data = /^data: (.*)$/m.exec(block)?.[1]
  if (type === undefined || data === undefined) return
  if (type !== 'lagged') return await printer.print(parseJson(data) as LiveEvent)
  const { records, groups } = parseJson(data) as { records: number; groups: number }
  if (settings.json) writeLine(terminal.stdout, data)
  else
    writeLine(
      terminal.stderr,
      paint(terminal.colorErr, 'yellow', `left out, since this reader was slow: ${groups > 0 ? `${groups} groups` : `${records} records`}`),
    )
}
