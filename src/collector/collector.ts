import type { Server } from 'node:http'
import { join } from 'node:path'
import { policyTextOf } from '../redaction/index.ts'
import { STORE_PLACES } from '../schemas/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { QuarantineFolder } from '../store/quarantine/index.ts'
import { type CollectorStats, Counters } from './counters.ts'
import { startErasures } from './erase/erasures.ts'
import { type Forwarder, parseForwardTarget, startForwarder } from './forward/forwarder.ts'
import { type GrpcReceiver, startGrpcReceiver } from './grpc/receiver.ts'
import { createApi } from './http/api.ts'
import { ByteBudget } from './http/byte-budget.ts'
import { createHostPolicy } from './http/host-allow-list.ts'
import { createHttpServer } from './http/server.ts'
import { createOtlpEndpoint, type RequestHandler } from './http/traces-endpoint.ts'
import { listen } from './listen.ts'
import { LiveFeed } from './live/live-feed.ts'
import { createLogger, type Logger } from './log.ts'
import { type CollectorOptions, isLoopbackHost, type ResolvedCollectorOptions, resolveCollectorOptions } from './options.ts'
import { Intake } from './pipeline/intake.ts'
import type { Signal } from './pipeline/signals.ts'
import { watchBatches } from './senders/watch-batches.ts'
import { watchSenders } from './senders/watch-senders.ts'
import { type SpoolIntake, startSpoolIntake } from './spool/spool-intake.ts'
import { takeSpooled } from './spool/take-spooled.ts'

/**
 * A running collector. It takes spans from the moment that `startCollector` resolves until `close()` is called.
 * `close()` lets the requests in flight finish and be acknowledged, stops the forwarders where they stand, and closes
 * the store; whatever was acknowledged is on the disk. Calling it again gives the same promise.
 */
export interface Collector {
  /** Base URL, such as `http://127.0.0.1:4318`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Where OTLP/gRPC is served; undefined when it is not. */
  readonly grpcPort: number | undefined
  /** Absolute folder of the store. */
  readonly store: string
  stats(): CollectorStats
  /** Looks now for runs whose sender is gone, and for batches that never came, which it does now and then by itself. */
  checkSenders(): Promise<void>
  /** Looks into the spool now, which it does once a second by itself; resolves to whether all that was there is taken in. */
  takeSpool(): Promise<boolean>
  close(): Promise<void>
}

const BATCH_LOOK_MILLIS = 5_000

/**
 * Opens the store, listens and starts the forwarders; when any of it fails, nothing is left running.
 * @throws RepriseError `invalid_option`, `port_in_use`, `store_locked`, or what else opening the store throws
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const resolved = resolveCollectorOptions(options)
  for (const target of resolved.forward) parseForwardTarget(target)
  const log = createLogger(resolved.log)
  const store = await openStore(resolved.store, {
    mode: 'write',
    startedBy: 'reprise collector',
    indexThread: true,
    seal: true,
    namespace: resolved.namespace,
    queueMaxBytes: Math.max(64 * 1024 * 1024, 2 * resolved.decodedMaxBytes),
  })
  try {
    return await serve(resolved, store, log)
  } catch (error) {
    await store.close().catch(() => undefined)
    throw error
  }
}

async function serve(options: ResolvedCollectorOptions, store: Store, log: Logger): Promise<Collector> {
  // Before a record names it.
  const policyText = policyTextOf(options.redactionPolicy)
  if (policyText !== undefined) store.keepPolicy(policyText)
  const quarantine = openQuarantine(options)
  const counters = new Counters()
  const budget = new ByteBudget(options.inFlightMaxBytes)
  const intake = new Intake({
    store,
    namespace: options.namespace,
    policy: options.redactionPolicy,
    quarantine,
    decodedMaxBytes: options.decodedMaxBytes,
    decodeLimits: { maxAttributes: options.attributeMaxCount, maxDepth: options.depthMax },
    counters,
    log,
    threads: options.workers,
  })
  const forwarders: Forwarder[] = []
  let closing: Promise<void> | undefined
  let spool: SpoolIntake | undefined
  const stats = (): CollectorStats => {
    counters.inFlightBytes = budget.usedBytes
    // The store tries by itself whether the disk takes writes again, and does not wait for the next span to say so.
    if (counters.storeFailure === 'store_write_failed' && store.problem() === undefined) counters.storeFailure = undefined
    return counters.snapshot(
      forwarders.map((forwarder) => forwarder.stats()),
      spool?.stats() ?? { files: 0, bodies: 0, bad: 0 },
      quarantine?.folder.stats(),
    )
  }
  const loopback = isLoopbackHost(options.host)
  const endpointOf = (signal: Signal): RequestHandler =>
    createOtlpEndpoint({
      signal,
      intake,
      limits: { maxBytes: options.bodyMaxBytes, idleTimeoutMillis: options.bodyIdleTimeoutMillis },
      budget,
      counters,
      log,
      isClosing: () => closing !== undefined,
    })
  const live = new LiveFeed({ tape: store.tape, namespace: options.namespace })
  const hostPolicy = createHostPolicy({
    host: options.host,
    anyHost: !loopback && options.allowedHosts.length === 0,
    allowedHosts: options.allowedHosts,
  })
  const server = createHttpServer({
    traces: endpointOf('traces'),
    logs: endpointOf('logs'),
    live: (request, response) => live.serve(request, response),
    api: createApi({
      store,
      storeFolder: options.store,
      namespace: options.namespace,
      tellFolder: loopback,
      stats,
      problems: () => {
        const index = store.index.problem()
        const disk = store.problem()
        return [
          ...(closing === undefined ? [] : ['closing']),
          ...(disk === undefined ? [] : [`store: ${disk}`]),
          ...(index === undefined ? [] : [`index: ${index}`]),
        ]
      },
      log,
    }),
    hostPolicy,
    counters,
    log,
    headersTimeoutMillis: options.headersTimeoutMillis,
    requestTimeoutMillis: options.requestTimeoutMillis,
  })
  const port = await listen(server, { host: options.host, port: options.port, key: 'port', flag: '--port' }).catch(
    async (error: unknown) => {
      live.close()
      await intake.close()
      throw error
    },
  )
  const url = `http://${options.host.includes(':') && !options.host.startsWith('[') ? `[${options.host}]` : options.host}:${port}`
  let grpc: GrpcReceiver | undefined
  try {
    if (options.grpcPort !== undefined) {
      grpc = await startGrpcReceiver({
        host: options.host,
        port: options.grpcPort,
        intake,
        budget,
        hostPolicy,
        counters,
        log,
        isClosing: () => closing !== undefined,
        messageMaxBytes: options.bodyMaxBytes,
        greetingTimeoutMillis: options.headersTimeoutMillis,
        idleTimeoutMillis: options.bodyIdleTimeoutMillis,
        requestTimeoutMillis: options.requestTimeoutMillis,
      })
    }
    for (const target of options.forward)
      forwarders.push(await startForwarder({ target, store, ownHost: options.host, ownPort: port, log }))
  } catch (error) {
    live.close()
    await Promise.all(forwarders.map((forwarder) => forwarder.close()))
    await Promise.all([closeServer(server, 0), grpc?.close(0)])
    await intake.close()
    throw error
  }

  store.tellUrl(url)
  const problem = store.problem()
  if (problem !== undefined) log.warn('store-refuses', { problem })
  spool = startSpoolIntake({ folder: options.spoolFolder, take: async (body) => await takeSpooled(intake, body), log })
  const erasures = startErasures({ store, takeSpool: async () => await spool?.look(), log })
  const senders = watchSenders({ store, namespace: options.namespace, log })
  const batches = watchBatches({
    store,
    namespace: options.namespace,
    log,
    isExpecting: () => spool?.isPending() === true,
    waitMillis: options.batchWaitMillis,
    intervalMillis: Math.min(BATCH_LOOK_MILLIS, Math.max(50, options.batchWaitMillis)),
  })
  const close = async (): Promise<void> => {
    await erasures.close()
    await senders.close()
    await batches.close()
    await spool?.close()
    live.close()
    await Promise.all([closeServer(server, options.drainTimeoutMillis), grpc?.close(options.drainTimeoutMillis)])
    await intake.close()
    await Promise.all(forwarders.map((forwarder) => forwarder.close()))
    await store.close()
  }
  return {
    url,
    host: options.host,
    port,
    grpcPort: grpc?.port,
    store: options.store,
    stats,
    checkSenders: async () => {
      await senders.check()
      await batches.check()
    },
    takeSpool: async () => {
      await spool?.look()
      return spool?.isPending() !== true
    },
    close: () => (closing ??= close()),
  }
}

const QUARANTINE_MAX_ITEMS = 10_000

function openQuarantine(options: ResolvedCollectorOptions): { readonly folder: QuarantineFolder; readonly key: string } | undefined {
  const { quarantineKey: key, quarantineMaxBytes: maxBytes } = options
  if (key === undefined) return undefined
  const folder = new QuarantineFolder(join(options.store, STORE_PLACES.quarantine), { maxBytes, maxItems: QUARANTINE_MAX_ITEMS })
  folder.prepare()
  return { folder, key }
}

/** Takes no new connection, lets requests under way finish within the time given, then cuts what is left. */
async function closeServer(server: Server, drainMillis: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A connection that becomes idle while draining would otherwise live on until its keep-alive ends.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), drainMillis)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}
