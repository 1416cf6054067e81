import { EFFECT_SOURCES, type EffectSource } from '../effects/effect-log.ts'
import {
  byteCount,
  choice,
  choices,
  count,
  headers,
  millis,
  type OptionKind,
  type OptionParser,
  path,
  port,
  portOrOff,
  text,
  url,
  urlList,
  yesOrNo,
} from './option-kinds.ts'

export interface OptionRow<T> {
  readonly key: string
  readonly kind: OptionKind
  /** Environment variables, the first one that is set and not empty wins. */
  readonly env: readonly string[]
  readonly default: T
  /** `undefined` when the input is not acceptable. */
  readonly parse: (input: unknown) => T | undefined
  /** Variables of other makers, which carry the value in a form of their own. */
  readonly parseEnv?: Readonly<Record<string, (input: string) => T | undefined>>
  /** Ends the sentence "expected …". */
  readonly accepts: string
  readonly doc: string
  /** The value may hold a credential: it is shown nowhere, and a flag is refused, since every user can read a command line. */
  readonly secret?: true
}

type RowRest<T> = Omit<OptionRow<T>, 'key' | 'kind' | 'parse' | 'accepts'>

function row<T>(key: string, parser: OptionParser<T>, rest: RowRest<T>): OptionRow<T>
function row<T>(key: string, parser: OptionParser<T>, rest: RowRest<T | undefined>): OptionRow<T | undefined>
function row<T>(key: string, parser: OptionParser<T>, rest: RowRest<T | undefined>): OptionRow<T | undefined> {
  return { key, ...parser, ...rest }
}

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const DAY_MILLIS = 86_400_000

export interface OptionValues {
  readonly endpoint: string
  readonly exporter: 'auto' | 'reprise' | 'otlp'
  readonly enabled: boolean
  readonly serviceName: string | undefined
  readonly store: string
  readonly host: string
  readonly port: number
  readonly grpcPort: number | 'off'
  readonly workers: number | undefined
  readonly namespace: string
  readonly redactionPolicy: string | undefined
  readonly quarantineKey: string | undefined
  readonly quarantineMaxBytes: number
  readonly forward: readonly string[]
  readonly forwardHeadersFile: string | undefined
  readonly otlpHeaders: Readonly<Record<string, string>>
  readonly effects: readonly EffectSource[]
  readonly wire: boolean
  readonly captureMaxBytes: number
  readonly captureMaxDepth: number
  readonly captureMaxEntries: number
  readonly queueMaxBytes: number
  readonly flushIntervalMillis: number
  readonly flushTimeoutMillis: number
  readonly exitTimeoutMillis: number
  readonly spool: boolean
  readonly spoolFolder: string | undefined
  readonly spoolMaxBytes: number
  readonly spoolMaxAgeMillis: number
  readonly bodyMaxBytes: number
  readonly decodedMaxBytes: number
  readonly attributeMaxCount: number
  readonly depthMax: number
  readonly batchWaitMillis: number
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
}
export type OptionKey = keyof OptionValues

/** Every option there is: flags, environment, config file and docs are all read off this table. */
export const OPTIONS: { readonly [K in OptionKey]: OptionRow<OptionValues[K]> } = {
  endpoint: row('endpoint', url, {
    env: ['REPRISE_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    default: 'http://127.0.0.1:4318',
    doc: 'Base URL that a recorded program sends to: a Reprise collector, or any OTLP/HTTP backend.',
  }),
  exporter: row('exporter', choice(['auto', 'reprise', 'otlp']), {
    env: ['REPRISE_EXPORTER'],
    default: 'auto',
    doc: 'How a recorded program sends: replayable records to a Reprise collector, plain OTLP to any backend, or whichever the endpoint understands.',
  }),
  enabled: row('enabled', yesOrNo, {
    env: ['REPRISE_ENABLED', 'OTEL_SDK_DISABLED'],
    // OpenTelemetry: only "true", in any case, disables; any other value does not.
    parseEnv: { OTEL_SDK_DISABLED: (input) => input.trim().toLowerCase() !== 'true' },
    default: true,
    doc: 'Whether anything is recorded. OTEL_SDK_DISABLED=true means false.',
  }),
  serviceName: row('serviceName', text(/\S/, 'a name'), {
    env: ['OTEL_SERVICE_NAME'],
    default: undefined,
    doc: 'Name of the recorded service, the resource attribute service.name.',
  }),
  store: row('store', path, { env: ['REPRISE_STORE'], default: './.reprise', doc: 'Folder of the store.' }),
  host: row('host', text(/^[^\s/]+$/, 'an address or a host name'), {
    env: ['REPRISE_HOST'],
    default: '127.0.0.1',
    doc: 'Address that the collector listens on.',
  }),
  port: row('port', port, {
    env: ['REPRISE_PORT'],
    default: 4318,
    doc: 'Port of the collector for OTLP/HTTP and the API; 0 takes any free one.',
  }),
  grpcPort: row('grpcPort', portOrOff, {
    env: ['REPRISE_GRPC_PORT'],
    default: 4317,
    doc: 'Port of the collector for OTLP/gRPC; 0 takes any free one, off for none. Where nobody asked for it and it is taken, the collector does without.',
  }),
  workers: row('workers', count(0, 256), {
    env: ['REPRISE_WORKERS'],
    default: undefined,
    doc: 'Threads of the collector that decode and redact; 0 does it in its main thread. As a rule as many as there are cores, less one, and at least one.',
  }),
  namespace: row('namespace', text(/^[a-z0-9][a-z0-9-]{0,62}$/, 'up to 63 of a-z, 0-9 and -, not beginning with -'), {
    env: ['REPRISE_NAMESPACE'],
    default: 'local',
    doc: 'Namespace that records are kept in.',
  }),
  redactionPolicy: row('redactionPolicy', text(/\S/, 'the name of a shipped policy (default, strict, metadata-only), or a JSON file'), {
    env: ['REPRISE_REDACTION_POLICY'],
    default: undefined,
    doc: 'Redaction policy of the collector, and of what a recorded program spools or sends to other backends: the name of a shipped one, or a JSON file.',
  }),
  quarantineKey: row(
    'quarantineKey',
    text(/^x25519:[A-Za-z0-9_-]{43}$/, 'x25519: and 43 characters, as `reprise quarantine keygen` prints them'),
    {
      env: ['REPRISE_QUARANTINE_KEY'],
      default: undefined,
      doc: 'Public key for which the collector seals content that it could not clean; without one it keeps the reason alone.',
    },
  ),
  quarantineMaxBytes: row('quarantineMaxBytes', byteCount(KIB, 16 * GIB), {
    env: ['REPRISE_QUARANTINE_MAX_BYTES'],
    default: 64 * MIB,
    doc: 'Most bytes of the quarantine; content that comes past it is counted and not kept.',
  }),
  forward: row('forward', urlList, {
    env: ['REPRISE_FORWARD'],
    default: [],
    doc: 'OTLP/HTTP backends that the collector sends every span on to; a base URL gets /v1/traces.',
  }),
  forwardHeadersFile: row('forwardHeadersFile', path, {
    env: ['REPRISE_FORWARD_HEADERS_FILE'],
    default: undefined,
    doc: 'File of "name: value" lines, sent as headers to the forwarding backends.',
  }),
  otlpHeaders: row('otlpHeaders', headers, {
    env: ['OTEL_EXPORTER_OTLP_HEADERS'],
    default: headers.parse('') ?? {},
    doc: 'Headers sent to OTLP backends, as name=value pairs with commas between them. Never shown, and not to be had as a flag.',
    secret: true,
  }),
  effects: row('effects', choices(EFFECT_SOURCES), {
    env: ['REPRISE_EFFECTS'],
    default: EFFECT_SOURCES.filter((source) => source !== 'bytes'),
    doc: 'Sources of time and chance that are recorded with a run and served in its replay: `all`, `none`, or a list. Default: all but `bytes`, since random bytes may be keys.',
  }),
  wire: row('wire', yesOrNo, {
    env: ['REPRISE_WIRE'],
    default: false,
    doc: 'Whether HTTP exchanges inside a run are recorded as steps of their own, so that a replay can serve them to the real client code.',
  }),
  captureMaxBytes: row('captureMaxBytes', byteCount(KIB, GIB), {
    env: ['REPRISE_CAPTURE_MAX_BYTES'],
    default: 4 * MIB,
    doc: 'Most bytes captured of one payload; what is cut is counted in the record.',
  }),
  captureMaxDepth: row('captureMaxDepth', count(1, 100), {
    env: ['REPRISE_CAPTURE_MAX_DEPTH'],
    default: 64,
    doc: 'Most levels of nesting captured of one payload.',
  }),
  captureMaxEntries: row('captureMaxEntries', count(1, 100_000_000), {
    env: ['REPRISE_CAPTURE_MAX_ENTRIES'],
    default: 100_000,
    doc: 'Most array elements and object fields captured of one payload, over all its levels.',
  }),
  queueMaxBytes: row('queueMaxBytes', byteCount(64 * KIB, 16 * GIB), {
    env: ['REPRISE_QUEUE_MAX_BYTES'],
    default: 64 * MIB,
    doc: 'Most bytes of records waiting in the recorded program to be sent; past it new ones are dropped and counted.',
  }),
  flushIntervalMillis: row('flushIntervalMillis', millis(1, DAY_MILLIS), {
    env: ['REPRISE_FLUSH_INTERVAL_MILLIS'],
    default: 500,
    doc: 'Longest wait of a finished record before it is sent.',
  }),
  flushTimeoutMillis: row('flushTimeoutMillis', millis(1, DAY_MILLIS), {
    env: ['REPRISE_FLUSH_TIMEOUT_MILLIS'],
    default: 10_000,
    doc: 'Longest time that one try to send a batch may take.',
  }),
  exitTimeoutMillis: row('exitTimeoutMillis', millis(0, DAY_MILLIS), {
    env: ['REPRISE_EXIT_TIMEOUT_MILLIS'],
    default: 2_000,
    doc: 'Longest time that a recorded program stays alive at its end to send what is left.',
  }),
  spool: row('spool', yesOrNo, {
    env: ['REPRISE_SPOOL'],
    default: true,
    doc: 'Whether a recorded program keeps what it could not send before it ended in a file, redacted, for the next start or the collector.',
  }),
  spoolFolder: row('spoolFolder', path, {
    env: ['REPRISE_SPOOL_FOLDER'],
    default: undefined,
    doc: 'Folder of the spool; without it, `spool` in the folder of the store.',
  }),
  spoolMaxBytes: row('spoolMaxBytes', byteCount(64 * KIB, 16 * GIB), {
    env: ['REPRISE_SPOOL_MAX_BYTES'],
    default: 64 * MIB,
    doc: 'Most bytes kept in the spool; past it the oldest files give way, and are counted.',
  }),
  spoolMaxAgeMillis: row('spoolMaxAgeMillis', millis(1_000, 366 * DAY_MILLIS), {
    env: ['REPRISE_SPOOL_MAX_AGE_MILLIS'],
    default: 7 * DAY_MILLIS,
    doc: 'Longest time that a file stays in the spool; older ones are removed by the next program that spools there, and counted.',
  }),
  bodyMaxBytes: row('bodyMaxBytes', byteCount(KIB, GIB), {
    env: ['REPRISE_BODY_MAX_BYTES'],
    default: 16 * MIB,
    doc: 'Largest request body that the collector takes, as it is on the wire.',
  }),
  decodedMaxBytes: row('decodedMaxBytes', byteCount(KIB, GIB), {
    env: ['REPRISE_DECODED_MAX_BYTES'],
    default: 64 * MIB,
    doc: 'Largest request body that the collector takes, after decompression.',
  }),
  attributeMaxCount: row('attributeMaxCount', count(1, 1_000_000), {
    env: ['REPRISE_ATTRIBUTE_MAX_COUNT'],
    default: 1_024,
    doc: 'Most attributes on one span, event, link, scope or resource that the collector takes.',
  }),
  depthMax: row('depthMax', count(1, 100), {
    env: ['REPRISE_DEPTH_MAX'],
    default: 64,
    doc: 'Most levels of nesting in one attribute value that the collector takes.',
  }),
  batchWaitMillis: row('batchWaitMillis', millis(0, DAY_MILLIS / 24), {
    env: ['REPRISE_BATCH_WAIT_MILLIS'],
    default: 60_000,
    doc: 'How long the collector waits for a numbered batch of a sender after a later one came, before it writes down that it is lost.',
  }),
  logLevel: row('logLevel', choice(['error', 'warn', 'info', 'debug']), {
    env: ['REPRISE_LOG_LEVEL'],
    default: 'info',
    doc: 'The least important messages that the collector still logs.',
  }),
}

export const OPTION_KEYS: readonly OptionKey[] = Object.keys(OPTIONS) as OptionKey[]
