import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { CONTENT_ENCODINGS, type ContentEncoding } from '../http/inflate.ts'

/**
 * Where grpc-js 1.x keeps the `grpc-encoding` of a call. It would inflate every message before anybody is asked whether there
 * is room for what comes out. Told that the messages are plain it hands them over as they are, and they are inflated where
 * HTTP bodies are: in the workers, one at a time each.
 */
const ENCODING = 'incomingEncoding'

/**
 * The encoding that the call says its messages have, from now on left to us. `identity` also where grpc-js keeps it elsewhere,
 * or does not know it: then it inflates, or refuses, by itself.
 */
export function takeOverEncoding(call: ServerInterceptingCallInterface): ContentEncoding {
  const found: unknown = Reflect.get(call, ENCODING)
  const encoding = CONTENT_ENCODINGS.find((known) => known === found)
  if (encoding === undefined || encoding === 'identity') return 'identity'
  return Reflect.set(call, ENCODING, 'identity') ? encoding : 'identity'
}

/**
 * How a message of such a call is really encoded: gRPC lets each say whether it is, in a flag that we do not get to see. The
 * first bytes tell. (None of them begins an OTLP request: 0x1f and 0x28b52ffd are no protobuf, and zlib's 0x78 would be a
 * field that no request has.)
 */
export function encodingOf(message: Uint8Array, said: ContentEncoding): ContentEncoding {
  const [first = 0, second = 0, third = 0, fourth = 0] = message
  switch (said) {
    case 'identity':
      return said
    case 'gzip':
      return first === 0x1f && second === 0x8b ? said : 'identity'
    case 'deflate':
      // RFC 1950, section 2.2: method 8, and a check over both bytes.
      return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0 ? said : 'identity'
    case 'zstd':
      return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd ? said : 'identity'
  }
}
