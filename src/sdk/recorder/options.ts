import type { PolicyConfig } from '../../redaction/index.ts'
import { type OptionOrigin, type OptionValues, RepriseError, resolveOptions } from '../../schemas/index.ts'
import type { SnapshotLimits } from '../snapshot/snapshot.ts'
import { readPolicyNow } from '../spool/policy-now.ts'

/** The options of the table that concern a recorded program. */
export interface RecorderOptions {
  /** Base URL of a Reprise collector or of any OTLP/HTTP backend. */
  readonly endpoint?: string
  readonly exporter?: OptionValues['exporter']
  readonly enabled?: boolean
  readonly serviceName?: string
  /** Of what is spooled or sent to other backends: a shipped policy by name, or a JSON file. A collector has one of its own. */
  readonly redactionPolicy?: string
  /** What of time and chance is recorded with a run. */
  readonly effects?: OptionValues['effects'] | 'all' | 'none'
  /** Whether HTTP exchanges inside a run are recorded as steps of their own. */
  readonly wire?: boolean
  readonly captureMaxBytes?: number
  readonly captureMaxDepth?: number
  readonly captureMaxEntries?: number
  readonly queueMaxBytes?: number
  readonly flushIntervalMillis?: number
  readonly flushTimeoutMillis?: number
  readonly exitTimeoutMillis?: number
  /** Folder of the store: the spool stands in it. */
  readonly store?: string
  readonly spool?: boolean
  readonly spoolFolder?: string
  readonly spoolMaxBytes?: number
  readonly spoolMaxAgeMillis?: number
  /** `node-sdk` sets up @opentelemetry/sdk-node for a program that has no OpenTelemetry SDK of its own. */
  readonly otel?: 'light' | 'node-sdk'
}

export interface RecorderSettings extends OptionValues {
  /** The endpoint was chosen for Reprise, and is not simply where the program's other telemetry goes as well. */
  readonly ownEndpoint: boolean
  /** The default one if absent. */
  readonly policy?: PolicyConfig
}

/** @throws RepriseError `invalid_option` naming the key, where it came from and the accepted form */
export function resolveRecorderOptions(options: RecorderOptions): RecorderSettings {
  const { otel, ...flags } = options
  if (otel !== undefined && otel !== 'light' && otel !== 'node-sdk') {
    throw new RepriseError('invalid_option', "otel (startRecorder): expected 'light' or 'node-sdk'")
  }
  const { values, origins } = resolveOptions({ flags, env: process.env })
  const { from, name } = origins.endpoint
  const policy = values.redactionPolicy === undefined ? undefined : policyFrom(values.redactionPolicy, origins.redactionPolicy)
  return { ...values, ownEndpoint: from === 'flag' || name === 'REPRISE_ENDPOINT', ...(policy !== undefined && { policy }) }
}

function policyFrom(nameOrFile: string, { from, name }: OptionOrigin): PolicyConfig {
  try {
    return readPolicyNow(nameOrFile)
  } catch (cause) {
    // Who wrote the environment is not who wrote the program, which goes on without being recorded.
    const message = cause instanceof Error ? cause.message : String(cause)
    const where = from === 'environment' ? `redactionPolicy (environment ${name}): ` : ''
    throw new RepriseError('invalid_option', `${where}${message}`, { cause, details: { key: 'redactionPolicy', from } })
  }
}

/** An artifact is one payload that a user means to keep: it may be larger than what is captured of a call by the way. */
const ARTIFACT_MAX_BYTES = 15 * 1024 * 1024

export function artifactLimitsOf(limits: SnapshotLimits): SnapshotLimits {
  return { ...limits, maxBytes: Math.max(ARTIFACT_MAX_BYTES, limits.maxBytes) }
}

export function snapshotLimitsOf(values: OptionValues): SnapshotLimits {
  return { maxBytes: values.captureMaxBytes, maxDepth: values.captureMaxDepth, maxEntries: values.captureMaxEntries }
}
