import { connect } from 'node:http2'
import { fromBinary, toJson } from '@bufbuild/protobuf'
import { Client, type ClientOptions, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { messageSchema } from '../otlp/descriptors.ts'

export const EXPORT = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
} as const

const bytes = (message: Buffer): Buffer => message

export interface Answer {
  readonly code: number
  readonly details: string
  readonly body: Uint8Array
  /** google.rpc.Status, when the answer had one. */
  readonly statusDetails: Uint8Array | undefined
}

/** A client to which messages are bytes, as they are to the collector. */
export class RawClient {
  readonly #client: Client

  constructor(port: number, options: ClientOptions = {}, host = '127.0.0.1') {
    this.#client = new Client(`${host}:${port}`, credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.max_send_message_length': -1,
      ...options,
    })
  }

  async send(body: Uint8Array, method: string = EXPORT.traces): Promise<Answer> {
    const deadline = Date.now() + 30_000
    return await new Promise((resolve) => {
      this.#client.makeUnaryRequest(method, bytes, bytes, Buffer.from(body), new Metadata(), { deadline }, (error, value) =>
        resolve(answerOf(error, value)),
      )
    })
  }

  close(): void {
    this.#client.close()
  }
}

function answerOf(error: ServiceError | null, value: Buffer | undefined): Answer {
  const [found] = error?.metadata.get('grpc-status-details-bin') ?? []
  return {
    code: error?.code ?? status.OK,
    details: error?.details ?? '',
    body: value ?? new Uint8Array(0),
    statusDetails: Buffer.isBuffer(found) ? found : undefined,
  }
}

/** One message in the frame of gRPC: flag, length, bytes. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag, 0)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

export interface StreamEnd {
  readonly grpcStatus: number | undefined
  readonly httpStatus: number | undefined
  /** Error code of a reset stream or connection. */
  readonly error: string | undefined
}

/** A call by hand: these pieces, as they are, and whether the request is ended. */
export async function rawCall(
  port: number,
  pieces: readonly Uint8Array[],
  options: { method?: string; headers?: Record<string, string>; end?: boolean; limitMillis?: number } = {},
): Promise<StreamEnd> {
  const session = connect(`http://127.0.0.1:${port}`)
  try {
    return await new Promise<StreamEnd>((resolve) => {
      let httpStatus: number | undefined
      let grpcStatus: number | undefined
      const settle = (error?: string): void => resolve({ httpStatus, grpcStatus, error })
      const note = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) grpcStatus = Number(headers['grpc-status'])
      }
      session.on('error', (error: Error & { code?: string }) => settle(error.code ?? error.message))
      const stream = session.request({
        ':method': 'POST',
        ':path': options.method ?? EXPORT.traces,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...options.headers,
      })
      stream.on('response', (headers) => {
        httpStatus = Number(headers[':status'])
        note(headers)
        if (grpcStatus !== undefined) settle()
      })
      stream.on('trailers', note)
      stream.on('error', (error: Error & { code?: string }) => settle(error.code ?? error.message))
      stream.on('close', () => settle())
      stream.resume()
      for (const piece of pieces) stream.write(piece)
      if (options.end !== false) stream.end()
      if (options.limitMillis !== undefined) setTimeout(() => settle('nothing came'), options.limitMillis)
    })
  } finally {
    session.destroy()
  }
}

/** Seconds after which a google.rpc.Status allows to try again, as the oracle reads it; undefined where it does not say. */
export function retrySeconds(statusDetails: Uint8Array | undefined): number | undefined {
  if (statusDetails === undefined) return undefined
  const { details } = toJson(messageSchema('RpcStatus'), fromBinary(messageSchema('RpcStatus'), statusDetails)) as {
    details: { typeUrl: string; value: string }[]
  }
  const [detail] = details
  if (detail?.typeUrl !== 'type.googleapis.com/google.rpc.RetryInfo') throw new Error('expected RetryInfo')
  const schema = messageSchema('RetryInfo')
  const { retryDelay } = toJson(schema, fromBinary(schema, Buffer.from(detail.value, 'base64'))) as { retryDelay: { seconds: string } }
  return Number(retryDelay.seconds)
}
