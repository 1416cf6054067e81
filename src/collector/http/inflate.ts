import { constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { Refusal, RPC, tooLarge } from './refusal.ts'

export const CONTENT_ENCODINGS = ['identity', 'gzip', 'zstd', 'deflate'] as const
export type ContentEncoding = (typeof CONTENT_ENCODINGS)[number]

/** The one encoding that a Content-Encoding header names. @throws Refusal 415 */
export function contentEncodingOf(header: string | undefined): ContentEncoding {
  const name = (header ?? '').trim().toLowerCase()
  if (name === '') return 'identity'
  if (name === 'x-gzip') return 'gzip'
  const known = CONTENT_ENCODINGS.find((encoding) => encoding === name)
  if (known !== undefined) return known
  throw new Refusal(
    415,
    RPC.unimplemented,
    'content_encoding',
    `Content-Encoding: expected one of ${CONTENT_ENCODINGS.join(', ')}, and only one`,
    {
      'Accept-Encoding': CONTENT_ENCODINGS.join(', '),
    },
  )
}

const CHUNK_MIN_BYTES = 64 * 1024
const CHUNK_MAX_BYTES = 4 * 1024 * 1024
type Inflated = { buffer: Buffer; engine: { bytesWritten: number } }

/**
 * The body as it was before it was compressed, at most `maxBytes` of it. A bomb is stopped while it is being inflated.
 * Takes as long as it takes: for a worker thread.
 * @throws Refusal 413 for more than that, 400 for bytes that are no such compression, or that follow its end
 */
export function inflateBody(body: Buffer, encoding: ContentEncoding, maxBytes: number): Buffer {
  if (encoding === 'identity') {
    if (body.length > maxBytes) throw tooLarge('the request body', maxBytes)
    return body
  }
  const parts: Buffer[] = []
  let size = 0
  for (let offset = 0; offset < body.length || parts.length === 0; ) {
    const { buffer, engine } = inflatePart(offset === 0 ? body : body.subarray(offset), encoding, maxBytes - size, maxBytes)
    parts.push(buffer)
    size += buffer.length
    offset += engine.bytesWritten
    // Several zstd frames in a row are one stream (RFC 8878, section 3), and Node stops after each; zlib does members itself.
    if (offset < body.length && (encoding !== 'zstd' || engine.bytesWritten === 0))
      throw malformed(encoding, 'there are bytes after its end')
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)
}

function inflatePart(part: Buffer, encoding: Exclude<ContentEncoding, 'identity'>, room: number, maxBytes: number): Inflated {
  // One byte more than is allowed, so that exactly the limit passes and zero stays a valid bound.
  const options = { maxOutputLength: room + 1, chunkSize: chunkBytes(part, encoding, room), info: true } as const
  let result: Inflated
  try {
    result = run(part, encoding, options, maxBytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE' || code === 'ZSTD_error_frameParameter_windowTooLarge')
      throw tooLarge('the decompressed request body', maxBytes)
    if (code === 'Z_BUF_ERROR') throw malformed(encoding, 'it ends before it is whole')
    if (code.startsWith('Z_') || code.startsWith('ZSTD_')) throw malformed(encoding, `${code}`)
    throw error
  }
  if (result.buffer.length > room) throw tooLarge('the decompressed request body', maxBytes)
  return result
}

interface PartOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
  readonly info: true
}

function run(part: Buffer, encoding: Exclude<ContentEncoding, 'identity'>, options: PartOptions, maxBytes: number): Inflated {
  switch (encoding) {
    case 'gzip':
      return withInfo(gunzipSync(part, options))
    case 'deflate':
      return withInfo(inflateSync(part, options))
    case 'zstd': {
      // The frame says how much memory its window takes: never more than the body may become, or the 8 MiB that every
      // decoder should allow (RFC 8878, section 3.1.1.1.2).
      const windowLog = Math.min(31, Math.max(23, Math.ceil(Math.log2(maxBytes))))
      return withInfo(zstdDecompressSync(part, { ...options, params: { [constants.ZSTD_d_windowLogMax]: windowLog } }))
    }
  }
}

/** With `info` Node gives the buffer and the engine that made it, which its types do not say. */
function withInfo(result: unknown): Inflated {
  if (typeof result === 'object' && result !== null && 'buffer' in result && 'engine' in result) {
    const { buffer, engine } = result
    if (Buffer.isBuffer(buffer) && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine) {
      return { buffer, engine: { bytesWritten: Number(engine.bytesWritten) } }
    }
  }
  throw new TypeError('zlib gave no info')
}

/** Output buffers as large as the result is said to be: gzip writes its size at its end (RFC 1952, ISIZE). A sender controls it. */
function chunkBytes(part: Buffer, encoding: ContentEncoding, room: number): number {
  const told = encoding === 'gzip' && part.length > 18 ? part.readUInt32LE(part.length - 4) + 1 : part.length * 4
  const likely = Math.min(told, part.length * 32)
  return Math.max(CHUNK_MIN_BYTES, Math.min(likely, CHUNK_MAX_BYTES, room + 1))
}

function malformed(encoding: string, what: string): Refusal {
  return new Refusal(400, RPC.invalidArgument, 'malformed_encoding', `the request body is not valid ${encoding}: ${what}`)
}
