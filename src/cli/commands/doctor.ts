import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OPTION_KEYS, OPTIONS, STORE_PLACES } from '../../schemas/index.ts'
import { type SpoolFile, SpoolFolder } from '../../sdk/spool/index.ts'
import { inspectStore, openStore } from '../../store/index.ts'
import { askCollector, askReadiness } from '../ask-collector.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { formatTime, paint, plain, plural, type Style, type Terminal, writeLine } from '../terminal.ts'
import { VERSION } from '../version.ts'

/** `note`: worth knowing; only `bad` makes the exit code 1. */
type State = 'ok' | 'note' | 'bad'
interface Finding {
  readonly check: string
  readonly state: State
  readonly message: string
}

const LEAST_NODE = [22, 20] as const
const FREE_LOW_BYTES = 1024 ** 3
const FREE_LEAST_BYTES = 100 * 1024 ** 2
const CLOCK_SKEW_MILLIS = 5 * 60_000
const CLOCK_LEAST = Date.UTC(2024, 0, 1)
const CONNECT_MILLIS = 1_000
const GIB = 1024 ** 3
/** Some ten times what it comes to before it is emptied. */
const INDEX_LOG_LARGE_BYTES = 256 * 1024 ** 2

const finding = (check: string, state: State, message: string): Finding => ({ check, state, message })

function checkNode(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
  const database = new DatabaseSync(':memory:')
  const sqlite = String(database.prepare('SELECT sqlite_version() AS version').get()?.['version'])
  database.close()
  return [
    finding(
      'node',
      enough ? 'ok' : 'bad',
      `Node ${process.versions.node} (${LEAST_NODE.join('.')} or later is needed), reprise ${VERSION}`,
    ),
    finding('sqlite', 'ok', `SQLite ${sqlite}`),
  ]
}

async function checkStore(settings: Settings): Promise<Finding[]> {
  const { storeFolder } = settings
  let inspection: ReturnType<typeof inspectStore>
  try {
    inspection = inspectStore(storeFolder)
  } catch (error) {
    return [finding('store', 'bad', error instanceof Error ? error.message : String(error))]
  }
  const found: Finding[] = []
  const { format, writer, isLockTried, tooOpen, freeBytes, network, cutFiles, indexLogBytes } = inspection
  if (freeBytes !== undefined) {
    const state = freeBytes < FREE_LEAST_BYTES ? 'bad' : freeBytes < FREE_LOW_BYTES ? 'note' : 'ok'
    found.push(finding('disk', state, `${(freeBytes / GIB).toFixed(1)} GiB free for ${storeFolder}`))
  }
  if (format === undefined) return [finding('store', 'note', `no store at ${storeFolder} yet: the first collector makes it`), ...found]
  const who =
    writer === undefined
      ? 'nobody writes'
      : `written by ${writer.startedBy}${writer.pid === undefined ? '' : `, process ${writer.pid} on ${writer.host}`}`
  if (isLockTried) found.push(finding('lock', 'ok', who))
  else found.push(finding('lock', 'note', 'who writes cannot be told: this user may not try the lock (lock.db) of this store'))
  if (writer?.url !== undefined) found.push(await checkWriter(writer.url, settings))
  found.push(
    ...(network === undefined
      ? []
      : [
          finding(
            'file-system',
            'bad',
            `the store is on ${network}: its lock and its index need a file system of this machine's own; keep the store there, and backups here`,
          ),
        ]),
    tooOpen.length === 0
      ? finding('permissions', 'ok', 'only its owner can read the store')
      : finding('permissions', 'bad', `others can read or write ${tooOpen.join(', ')}: chmod -R go= ${storeFolder}`),
  )
  if (indexLogBytes > INDEX_LOG_LARGE_BYTES)
    found.push(
      finding(
        'index-log',
        'note',
        `index.db-wal has ${(indexLogBytes / GIB).toFixed(1)} GiB: a program that has read index.db for long keeps it from being emptied`,
      ),
    )
  if (cutFiles > 0)
    found.push(
      finding(
        'crashes',
        'note',
        `${plural(cutFiles, 'unfinished tail')} put aside in ${join(storeFolder, 'cut')}; nothing acknowledged was in them`,
      ),
    )
  const spool = settings.values.spoolFolder ?? join(storeFolder, STORE_PLACES.spool)
  found.push(...spoolFindings(spool))
  return [...(await checkContents(settings, format)), ...found]
}

function spoolFindings(folder: string): Finding[] {
  let files: readonly SpoolFile[]
  try {
    files = new SpoolFolder(folder).list()
  } catch (error) {
    return [finding('spool', 'bad', `${folder}: ${plain((error as Error).message)}`)]
  }
  const bad = files.filter(({ state }) => state === 'bad')
  const waiting = files.length - bad.length
  return [
    ...(waiting === 0
      ? []
      : [finding('spool', 'note', `${plural(waiting, 'file')} of programs that could not send: a collector takes them in`)]),
    ...(bad.length === 0 ? [] : [finding('spool', 'note', `${plural(bad.length, 'file')} in ${folder} that no collector could read`)]),
  ]
}

/** The collector that says it writes to this store, on whatever port. */
async function checkWriter(url: string, settings: Settings): Promise<Finding> {
  const answer = await askCollector(url)
  if (answer === undefined) return finding('collector', 'bad', `the collector of this store does not answer at ${url}`)
  const { problems, spool, stored } = await askReadiness(url)
  if (answer.store !== undefined && answer.store !== settings.storeFolder)
    return finding('collector', 'bad', `${url} is said to write to this store, and writes to ${answer.store}`)
  if (problems.length > 0) return finding('collector', 'bad', `the collector at ${url} is not ready: ${problems.join('; ')}`)
  const kept =
    stored === undefined ? '' : `, ${plural(stored.spans, 'span')} and ${plural(stored.logs, 'log record')} stored since it started`
  const taken = spool === 0 ? '' : `, ${plural(spool, 'file')} taken in from the spool`
  return finding('collector', 'ok', `a Reprise collector ${answer.version} serves this store at ${url}${kept}${taken}`)
}

async function checkContents(settings: Settings, format: number): Promise<Finding[]> {
  try {
    const store = await openStore(settings.storeFolder, { mode: 'read' })
    try {
      const { groups, records, runs, gaps } = store.readSummary()
      const { group } = store.tape.head()
      if (group >= 0) store.tape.readLine(group, 0)
      const [newest] = store.index.listRuns({ limit: 1 }).runs
      const ahead = newest === undefined ? 0 : Number(BigInt(newest.startNanos) / 1_000_000n) - Date.now()
      const behind = groups > 0 && records === 0
      return [
        finding(
          'store',
          'ok',
          `${settings.storeFolder}, format ${format}: ${plural(runs, 'run')}, ${plural(records, 'record')} in ${plural(groups, 'group')}; reprise verify checks every byte`,
        ),
        finding('index', behind ? 'note' : 'ok', behind ? 'the index is being made' : 'the index answers'),
        ...(gaps > 0 ? [finding('gaps', 'note', `${plural(gaps, 'span')} known to be missing: reprise runs names the runs`)] : []),
        ...(newest !== undefined && ahead > CLOCK_SKEW_MILLIS
          ? [
              finding(
                'clock',
                'note',
                `the newest run starts in the future (${formatTime(newest.startNanos)} UTC): a sender's clock is ahead of this one`,
              ),
            ]
          : []),
      ]
    } finally {
      await store.close()
    }
  } catch (error) {
    return [finding('store', 'bad', error instanceof Error ? error.message : String(error))]
  }
}

/** Whether anything listens there at all. */
async function isTaken(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: CONNECT_MILLIS })
    const end = (taken: boolean): void => {
      socket.destroy()
      resolve(taken)
    }
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })
}

async function checkPort(settings: Settings): Promise<Finding[]> {
  const { host, port } = settings.values
  const url = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
  if (port === 0) return [finding('port', 'ok', 'any free port is taken')]
  const answer = await askCollector(url)
  if (answer === undefined) {
    return (await isTaken(host, port))
      ? [finding('port', 'bad', `port ${port} on ${host} is taken by something that is no Reprise collector: choose another with --port`)]
      : [finding('port', 'ok', `port ${port} on ${host} is free: no collector runs here`)]
  }
  const other = answer.store !== undefined && answer.store !== settings.storeFolder ? `, on another store: ${answer.store}` : ''
  const skew = Math.abs(answer.clockMillis ?? 0)
  return [
    finding('port', other === '' ? 'ok' : 'note', `a Reprise collector ${answer.version} answers at ${url}${other}`),
    ...(skew > CLOCK_SKEW_MILLIS ? [finding('clock', 'bad', `its clock is ${Math.round(skew / 60_000)} min off from this one`)] : []),
  ]
}

function checkClock(): Finding[] {
  return Date.now() < CLOCK_LEAST
    ? [finding('clock', 'bad', `the clock says ${new Date().toISOString()}`)]
    : [finding('clock', 'ok', `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`)]
}

/** Options that are each acceptable and make no sense together, and variables that look like options and are none. */
function checkOptions(settings: Settings, terminal: Terminal): Finding[] {
  const { values, origins } = settings
  const found: Finding[] = []
  if (values.decodedMaxBytes < values.bodyMaxBytes)
    found.push(
      finding(
        'options',
        'bad',
        `decodedMaxBytes (${values.decodedMaxBytes}) is below bodyMaxBytes (${values.bodyMaxBytes}): no plain body of that size could pass`,
      ),
    )
  if (values.queueMaxBytes < values.captureMaxBytes)
    found.push(
      finding(
        'options',
        'bad',
        `queueMaxBytes (${values.queueMaxBytes}) is below captureMaxBytes (${values.captureMaxBytes}): one payload could fill the queue`,
      ),
    )
  if (values.exitTimeoutMillis === 0)
    found.push(finding('options', 'note', 'exitTimeoutMillis is 0: a program that ends at once loses what it has not sent'))
  if (!values.enabled) found.push(finding('options', 'note', `recording is off (${origins.enabled.name ?? 'enabled'})`))
  for (const url of values.forward) {
    const { hostname, port, protocol } = new URL(url)
    if (Number(port || (protocol === 'https:' ? 443 : 80)) === values.port && [values.host, 'localhost'].includes(hostname))
      found.push(finding('options', 'bad', 'forward: the collector would send to itself'))
  }
  const known = new Set(OPTION_KEYS.flatMap((key) => OPTIONS[key].env))
  for (const name of Object.keys(terminal.env).sort())
    if (name.startsWith('REPRISE_') && !known.has(name) && !OTHER_VARIABLES.has(name))
      found.push(finding('options', 'note', `${name} is set, and no option reads it`))
  return found.length > 0 ? found : [finding('options', 'ok', 'every option is acceptable: reprise config --origin shows them')]
}

const OTHER_VARIABLES: ReadonlySet<string> = new Set(['REPRISE_DEBUG'])
const MARKS: Readonly<Record<State, { readonly text: string; readonly style: Style }>> = {
  ok: { text: 'ok  ', style: 'green' },
  note: { text: 'note', style: 'yellow' },
  bad: { text: 'BAD ', style: 'red' },
}

/** Exit code 1 when anything is bad. */
export async function doctor(settings: Settings, terminal: Terminal): Promise<number> {
  const findings = [
    ...checkNode(),
    ...checkOptions(settings, terminal),
    ...(await checkStore(settings)),
    ...(await checkPort(settings)),
    ...checkClock(),
  ]
  const healthy = findings.every(({ state }) => state !== 'bad')
  if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.doctor/1', healthy, findings }))
  else
    for (const { check, state, message } of findings) {
      const { text, style } = MARKS[state]
      writeLine(terminal.stdout, `${paint(terminal.colorOut, style, text)}  ${check.padEnd(12)} ${plain(message)}`)
    }
  return healthy ? EXIT.ok : EXIT.error
}
