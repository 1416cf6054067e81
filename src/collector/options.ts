import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import type { PolicyConfig } from '../redaction/index.ts'
import { parsePolicy } from '../redaction/policies/schema.ts'
import { OPTIONS, RepriseError, STORE_PLACES } from '../schemas/index.ts'
import { loadDetectors, readPolicyFile } from '../sdk/spool/index.ts'
import { readQuarantinePublicKey } from '../store/quarantine/index.ts'

export interface ForwardTarget {
  /** Base URL of an OTLP/HTTP backend; `/v1/traces` is added unless the path already ends so. */
  readonly url: string
  /** Headers for this destination alone, over those in `forwardHeaders`. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface CollectorOptions {
  /** Folder of the store; made when it is not there. */
  readonly store: string
  /** Folder in which recorded programs leave what they could not send. Default: `spool` in the store. */
  readonly spoolFolder?: string
  /** Address to listen on. Anything but loopback needs `allowRemote`. Default 127.0.0.1. */
  readonly host?: string
  /** 0 takes any free port. Default 4318. */
  readonly port?: number
  /** Port for OTLP/gRPC; 0 takes any free one. Not served when absent. */
  readonly grpcPort?: number
  /** Listen beyond this machine. There are no tokens yet: whoever reaches the port can read and write everything. */
  readonly allowRemote?: boolean
  /** Further names that a request's Host header may carry, beside the loopback names and `host`. */
  readonly allowedHosts?: readonly string[]
  /** Namespace written on every record. Default `local`. */
  readonly namespace?: string
  /** What becomes of secrets: a shipped policy by name, a JSON file, or a policy as `PolicyConfig` has it. Default `default`. */
  readonly redactionPolicy?: string | PolicyConfig
  /** Public key, as `reprise quarantine keygen` prints it, for which content is sealed that cannot be cleaned. Without it only the reason is kept. */
  readonly quarantineKey?: string
  /** Most bytes of the quarantine; what comes past it is counted. Default 64 MiB. */
  readonly quarantineMaxBytes?: number
  readonly forward?: readonly (string | ForwardTarget)[]
  /** Headers sent to every forwarding destination (credentials). Never logged, never shown. */
  readonly forwardHeaders?: Readonly<Record<string, string>>
  /** Largest request body on the wire. Default 16 MiB. */
  readonly bodyMaxBytes?: number
  /** Largest request body after decompression. Default 64 MiB. */
  readonly decodedMaxBytes?: number
  /** Most attributes in one list; a record with more is rejected. Default 1,024. */
  readonly attributeMaxCount?: number
  /** Most levels of nesting in one attribute value. Default 64. */
  readonly depthMax?: number
  /** Bytes of all requests being worked on; past it new ones get 429. Default 16 MiB. */
  readonly inFlightMaxBytes?: number
  /**
   * Threads that decode, redact and address what is received. 0 does it on the event loop. Default: as many as the machine
   * has cores, less one, and at least one.
   */
  readonly workers?: number
  /** From the first byte of a request to the end of its headers. Default 5 s. */
  readonly headersTimeoutMillis?: number
  /** Longest silence while a body is being sent. Default 10 s. */
  readonly bodyIdleTimeoutMillis?: number
  /** A whole request, headers and body; at least the time for headers. Default 60 s. */
  readonly requestTimeoutMillis?: number
  /** How long a numbered batch of a sender is waited for after a later one came, before a gap record gives it up. Default 60 s. */
  readonly batchWaitMillis?: number
  /** How long `close()` lets requests in flight finish. Default 10 s. */
  readonly drainTimeoutMillis?: number
  /** One line per burst of events, without a line end; never a secret. Default: standard error. */
  readonly log?: (line: string) => void
}

export type ResolvedCollectorOptions = Required<Omit<CollectorOptions, 'forward' | 'grpcPort' | 'redactionPolicy' | 'quarantineKey'>> & {
  readonly quarantineKey: string | undefined
  readonly redactionPolicy: PolicyConfig | undefined
  readonly forward: readonly ForwardTarget[]
  readonly grpcPort: number | undefined
}

const MIB = 1024 * 1024
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,62})$/

function invalid(key: string, expected: string): RepriseError {
  return new RepriseError('invalid_option', `${key}: expected ${expected}`)
}

function wholeNumber(key: string, value: number | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (!Number.isSafeInteger(value) || value < min || value > max) throw invalid(key, `a whole number from ${min} to ${max}`)
  return value
}

function headersOf(key: string, headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers ?? {})) {
    // The value may be a credential, so the message names only the header.
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) throw invalid(key, 'header names made of the characters that RFC 9110 allows')
    if (typeof value !== 'string' || /[\r\n\0]/.test(value)) throw invalid(`${key}.${name}`, 'a string without line ends')
    checked[name.toLowerCase()] = value
  }
  return checked
}

function policyOf(policy: string | PolicyConfig | undefined): PolicyConfig | undefined {
  if (policy === undefined) return undefined
  const parsed = typeof policy === 'string' ? readPolicyFile(policy, process.cwd(), parsePolicy) : parsePolicy(policy)
  // Each thread loads them for itself; whether that goes is known here, before anything is taken.
  loadDetectors(parsed)
  return parsed
}

function checkedKey(key: string | undefined): string | undefined {
  if (key !== undefined) readQuarantinePublicKey(key)
  return key
}

export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || bare === '::ffff:127.0.0.1' || /^127(?:\.\d{1,3}){3}$/.test(bare)
}

/** Fills in defaults and checks every value. Throws `invalid_option` naming the key and what is accepted. */
export function resolveCollectorOptions(options: CollectorOptions): ResolvedCollectorOptions {
  if (typeof options.store !== 'string' || options.store === '') throw invalid('store', 'the path of a folder')
  const host = options.host ?? '127.0.0.1'
  if (host === '' || /[\s/]/.test(host)) throw invalid('host', 'an address or a host name')
  const allowRemote = options.allowRemote ?? false
  if (!isLoopbackHost(host) && !allowRemote) {
    throw new RepriseError(
      'invalid_option',
      `host: ${host} is reachable from other machines and the collector has no access control yet; ` +
        'expected 127.0.0.1, ::1 or localhost, or allowRemote set on purpose',
    )
  }
  const namespace = options.namespace ?? 'local'
  if (!NAMESPACE.test(namespace)) throw invalid('namespace', 'up to 63 of a-z, 0-9 and -, not beginning with -')
  const forwardHeaders = headersOf('forwardHeaders', options.forwardHeaders)
  return {
    store: resolve(options.store),
    spoolFolder: resolve(options.spoolFolder ?? join(options.store, STORE_PLACES.spool)),
    host,
    port: wholeNumber('port', options.port, 4318, 0, 65_535),
    grpcPort: options.grpcPort === undefined ? undefined : wholeNumber('grpcPort', options.grpcPort, 0, 0, 65_535),
    allowRemote,
    allowedHosts: options.allowedHosts ?? [],
    namespace,
    redactionPolicy: policyOf(options.redactionPolicy),
    quarantineKey: checkedKey(options.quarantineKey),
    quarantineMaxBytes: wholeNumber(
      'quarantineMaxBytes',
      options.quarantineMaxBytes,
      OPTIONS.quarantineMaxBytes.default,
      1024,
      16 * 1024 * MIB,
    ),
    forward: (options.forward ?? []).map((entry, index) => {
      const target = typeof entry === 'string' ? { url: entry } : entry
      return { url: target.url, headers: { ...forwardHeaders, ...headersOf(`forward.${index}.headers`, target.headers) } }
    }),
    forwardHeaders,
    bodyMaxBytes: wholeNumber('bodyMaxBytes', options.bodyMaxBytes, OPTIONS.bodyMaxBytes.default, 1, 1024 * MIB),
    decodedMaxBytes: wholeNumber('decodedMaxBytes', options.decodedMaxBytes, OPTIONS.decodedMaxBytes.default, 1, 1024 * MIB),
    attributeMaxCount: wholeNumber('attributeMaxCount', options.attributeMaxCount, OPTIONS.attributeMaxCount.default, 1, 1_000_000),
    depthMax: wholeNumber('depthMax', options.depthMax, OPTIONS.depthMax.default, 1, 100),
    inFlightMaxBytes: wholeNumber('inFlightMaxBytes', options.inFlightMaxBytes, 16 * MIB, 1, 64 * 1024 * MIB),
    workers: wholeNumber('workers', options.workers, Math.max(1, availableParallelism() - 1), 0, 256),
    headersTimeoutMillis: wholeNumber('headersTimeoutMillis', options.headersTimeoutMillis, 5_000, 1, 3_600_000),
    bodyIdleTimeoutMillis: wholeNumber('bodyIdleTimeoutMillis', options.bodyIdleTimeoutMillis, 10_000, 1, 3_600_000),
    requestTimeoutMillis: wholeNumber('requestTimeoutMillis', options.requestTimeoutMillis, 60_000, 1, 3_600_000),
    batchWaitMillis: wholeNumber('batchWaitMillis', options.batchWaitMillis, OPTIONS.batchWaitMillis.default, 0, 3_600_000),
    drainTimeoutMillis: wholeNumber('drainTimeoutMillis', options.drainTimeoutMillis, 10_000, 0, 3_600_000),
    log: options.log ?? ((line) => void process.stderr.write(`${line}\n`)),
  }
}
