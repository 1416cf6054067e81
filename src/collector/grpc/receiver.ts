import { createServer } from 'node:net'
import type {
  Metadata,
  ServerInterceptor,
  ServerUnaryCall,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Counters } from '../counters.ts'
import type { ByteBudget } from '../http/byte-budget.ts'
import type { HostPolicy } from '../http/host-allow-list.ts'
import type { ContentEncoding } from '../http/inflate.ts'
import { Refusal, RPC, refusalOf, unavailable } from '../http/refusal.ts'
import { encodeOutcome } from '../http/traces-endpoint.ts'
import { listen } from '../listen.ts'
import type { Logger } from '../log.ts'
import type { Intake } from '../pipeline/intake.ts'
import type { Signal } from '../pipeline/signals.ts'
import { type Call, Calls } from './calls.ts'
import { encodingOf, takeOverEncoding } from './compression.ts'
import { Connections, closeConnections } from './connections.ts'
import { PREFIX_BYTES, takeOverMessages } from './message-reader.ts'
import { statusOf } from './status.ts'

export interface GrpcReceiverOptions {
  readonly host: string
  readonly port: number
  readonly intake: Pick<Intake, 'take'>
  /** The same that the HTTP receivers take from. */
  readonly budget: ByteBudget
  readonly hostPolicy: Pick<HostPolicy, 'allows'>
  readonly counters: Counters
  readonly log: Logger
  readonly isClosing: () => boolean
  /** Largest message as it is on the wire. */
  readonly messageMaxBytes: number
  readonly greetingTimeoutMillis: number
  readonly idleTimeoutMillis: number
  readonly requestTimeoutMillis: number
}

/** OTLP/gRPC: listens from the moment that `startGrpcReceiver` resolves until `close` is called; calling it again is harmless. */
export interface GrpcReceiver {
  readonly port: number
  /** Lets calls under way finish within the time given, then cuts them. */
  close(graceMillis: number): Promise<void>
}

const METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
}

const CONNECTIONS_MAX = 512
const STREAMS_MAX = 100
/** Each of those that wait can have sent as much as HTTP/2 lets it send unread: 64 KiB. */
const WAITING_MAX = 512
const RECEIVING_MAX = 32
const ANSWER_MAX_BYTES = 1024 * 1024
const SESSION_MEMORY_MIB = 4
const CONNECTION_IDLE_MILLIS = 300_000
const KEEPALIVE_MILLIS = 60_000
const KEEPALIVE_TIMEOUT_MILLIS = 20_000
const LOOK_MILLIS = 250
const DETAILS_HEADER = 'grpc-status-details-bin'

/** A request with what it holds of the budget, on its way from the interceptor to the method. */
interface Received {
  readonly body: Uint8Array
  readonly contentEncoding: ContentEncoding
  readonly call: Call
}

/**
 * Unary Export for traces and logs, with our own codec: to gRPC a message is bytes.
 * @throws RepriseError as `listen` does
 */
export async function startGrpcReceiver(options: GrpcReceiverOptions): Promise<GrpcReceiver> {
  // A tenth of a second and 17 MiB are not for those who have no use for it.
  const grpc = await import('@grpc/grpc-js')
  const { counters, log, messageMaxBytes } = options
  const connections = new Connections()
  const calls = new Calls(
    {
      maxReceiving: RECEIVING_MAX,
      maxWaiting: WAITING_MAX,
      idleTimeoutMillis: options.idleTimeoutMillis,
      requestTimeoutMillis: options.requestTimeoutMillis,
    },
    options.budget,
  )

  const trailersOf = (detailsBin: Uint8Array | undefined): Metadata => {
    const metadata = new grpc.Metadata()
    if (detailsBin !== undefined) metadata.set(DETAILS_HEADER, Buffer.from(detailsBin))
    return metadata
  }
  const countRefusal = (refusal: Refusal): void => {
    counters.turnedAway.add(refusal.reason)
    // Not the message: it can speak of the body.
    log.warn('request-refused', { grpc: refusal.rpcCode, reason: refusal.reason })
  }

  const intercept: ServerInterceptor = (_method, inner) => {
    counters.requests++
    const said = takeOverEncoding(inner)
    const call = calls.open(connections.of(inner.getPeer()), (refusal) => {
      countRefusal(refusal)
      const { code, details, detailsBin } = statusOf(refusal)
      inner.sendStatus({ code, details, metadata: trailersOf(detailsBin) })
    })
    takeOverMessages(inner, {
      announced: (sizeBytes) => call.announced(sizeBytes, messageMaxBytes),
      grows: (sizeBytes) => call.grows(sizeBytes),
      second: () => call.second(),
    })
    return new grpc.ServerInterceptingCall(inner, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, read) => {
            const refusal = refusalOnSight(inner.getHost(), options)
            if (refusal !== undefined) call.refuse(refusal)
            else call.enter(calls.gate, () => read(metadata))
          },
          onReceiveMessage: (message: Uint8Array, pass: (message: Received) => void) => {
            if (call.received(message.length)) pass({ body: ownBuffer(message), contentEncoding: encodingOf(message, said), call })
          },
          onCancel: () => {
            // Ended below us: it was too large, or no such compression, or its sender went away.
            if (!call.taken && !call.over) counters.turnedAway.add('grpc')
            calls.end(call)
          },
        }),
    })
  }

  const exportOf =
    (signal: Signal) =>
    ({ request: { body, contentEncoding, call } }: ServerUnaryCall<Received, Uint8Array>, respond: sendUnaryData<Uint8Array>): void => {
      call.take()
      options.intake
        .take({ signal, encoding: 'protobuf', contentEncoding, body })
        .then(
          (outcome) => respond(null, encodeOutcome(signal, 'protobuf', outcome)),
          (error: unknown) => {
            const refusal = refusalOf(error)
            countRefusal(refusal)
            const { code, details, detailsBin } = statusOf(refusal)
            respond({ code, details, metadata: trailersOf(detailsBin) })
          },
        )
        .finally(() => call.reservation.release())
    }

  const server = new grpc.Server({
    interceptors: [intercept],
    'grpc.max_receive_message_length': messageMaxBytes,
    'grpc.max_send_message_length': ANSWER_MAX_BYTES,
    'grpc.max_concurrent_streams': STREAMS_MAX,
    'grpc.max_connection_idle_ms': CONNECTION_IDLE_MILLIS,
    'grpc.keepalive_time_ms': KEEPALIVE_MILLIS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MILLIS,
    'grpc-node.max_session_memory': SESSION_MEMORY_MIB,
    'grpc.enable_channelz': 0,
  })
  for (const signal of ['traces', 'logs'] as const)
    server.addService(serviceOf(METHODS[signal]), { Export: exportOf(signal) } satisfies UntypedServiceImplementation)
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure())

  const listener = createServer({ noDelay: true }, (socket) => {
    connections.add(socket)
    injector.injectConnection(socket)
  })
  listener.maxConnections = CONNECTIONS_MAX
  listener.on('drop', () => {
    counters.turnedAway.add('connections')
    log.warn('connection-refused', { reason: 'connections', limit: CONNECTIONS_MAX })
  })
  const port = await listen(listener, { host: options.host, port: options.port, key: 'grpcPort', flag: '--grpc-port' })
  const look = setInterval(() => {
    const now = performance.now()
    const cut = connections.look(now, options.greetingTimeoutMillis)
    if (cut > 0) counters.turnedAway.add('greeting_timeout', cut)
    calls.look(now)
  }, LOOK_MILLIS)
  look.unref()

  const close = async (graceMillis: number): Promise<void> => {
    injector.drain(graceMillis)
    await closeConnections(listener, connections, graceMillis)
    clearInterval(look)
    server.forceShutdown()
  }
  let closing: Promise<void> | undefined
  return { port, close: (graceMillis) => (closing ??= close(graceMillis)) }
}

/** Why a call is refused before a byte of its message is read. */
function refusalOnSight(authority: string | undefined, { hostPolicy, isClosing }: GrpcReceiverOptions): Refusal | undefined {
  if (authority === undefined || !hostPolicy.allows(authority))
    return new Refusal(403, RPC.permissionDenied, 'host', 'the authority names none of the names of this collector')
  return isClosing() ? unavailable('closing', 'the collector is closing', 1) : undefined
}

function serviceOf(path: string): ServiceDefinition {
  return {
    Export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: Uint8Array) => Buffer.from(message),
      requestDeserialize: (message: Buffer) => message,
      responseSerialize: (message: Uint8Array) => Buffer.from(message.buffer, message.byteOffset, message.length),
      responseDeserialize: (message: Buffer) => message,
    },
  }
}

/** The message in memory that can be handed to another thread: its own, or a copy where it shares a pool. */
function ownBuffer(message: Uint8Array): Uint8Array {
  return message.buffer instanceof ArrayBuffer && message.buffer.byteLength - message.length <= PREFIX_BYTES
    ? message
    : new Uint8Array(message)
}
