import type { Transform } from 'node:stream'
import { constants, createGunzip, createInflate, createZstdDecompress, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { InflatedBudget } from './inflated-budget.ts'
import { releaseChunk } from './read-body.ts'
import { overloaded, Refusal, RPC, tooLarge } from './refusal.ts'

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
/** What becomes larger is large: it is counted, and inflated into one buffer. */
const SMALL_MAX_BYTES = 4 * 1024 * 1024
type Compression = Exclude<ContentEncoding, 'identity'>
type Inflated = { buffer: Buffer; engine: { bytesWritten: number } }

/**
 * The body as it was before it was compressed, at most `maxBytes` of it. A bomb is stopped while it is being inflated. What is
 * large takes its bytes from `budget`, which is for the caller to release. Takes as long as it takes: for a worker thread.
 * @throws Refusal 413 for more than that, 400 for bytes that are no such compression, or that follow its end, 429 when others
 * have the budget for too long
 */
export async function inflateBody(body: Buffer, encoding: ContentEncoding, maxBytes: number, budget?: InflatedBudget): Promise<Buffer> {
  if (encoding === 'identity') {
    if (body.length > maxBytes) throw tooLarge('the request body', maxBytes)
    return body
  }
  const parts: Buffer[] = []
  let size = 0
  for (let offset = 0; offset < body.length || parts.length === 0; ) {
    const { buffer, engine } = await inflatePart(offset === 0 ? body : body.subarray(offset), encoding, size, maxBytes, budget)
    parts.push(buffer)
    size += buffer.length
    offset += engine.bytesWritten
    // Several zstd frames in a row are one stream (RFC 8878, section 3), and Node stops after each; zlib does members itself.
    if (offset < body.length && (encoding !== 'zstd' || engine.bytesWritten === 0))
      throw malformed(encoding, 'there are bytes after its end')
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size)
}

async function inflatePart(
  part: Buffer,
  encoding: Compression,
  before: number,
  maxBytes: number,
  budget: InflatedBudget | undefined,
): Promise<Inflated> {
  const room = maxBytes - before
  const told = toldBytes(part, encoding)
  const likely = told !== undefined && told > SMALL_MAX_BYTES && told <= room ? told : Math.min(room, SMALL_MAX_BYTES)
  const large = (bytes: number): Inflated | undefined => {
    if (budget?.growTo(before + bytes) === false) throw overloaded()
    // In one buffer of that size: put together from pieces it would be there twice.
    return inflateUpTo(part, encoding, bytes, bytes + 1, maxBytes)
  }
  const first =
    likely > SMALL_MAX_BYTES ? large(likely) : inflateUpTo(part, encoding, likely, chunkBytes(told, part.length, likely), maxBytes)
  if (first !== undefined) return first
  const second = likely < room ? large(await countInflated(part, encoding, room, maxBytes)) : undefined
  if (second === undefined) throw tooLarge('the decompressed request body', maxBytes)
  return second
}

/** How many bytes come out, without keeping them. @throws Refusal for more than `most` */
async function countInflated(part: Buffer, encoding: Compression, most: number, maxBytes: number): Promise<number> {
  const stream = openStream(encoding, maxBytes)
  stream.end(part)
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      releaseChunk(chunk)
      if (bytes > most) throw tooLarge('the decompressed request body', maxBytes)
    }
  } catch (error) {
    throw error instanceof Refusal ? error : refusalOfZlib(error, encoding, maxBytes)
  } finally {
    stream.destroy()
  }
  return bytes
}

/** Undefined where more than `most` comes out. */
function inflateUpTo(part: Buffer, encoding: Compression, most: number, chunkSize: number, maxBytes: number): Inflated | undefined {
  try {
    // One byte more than is allowed, so that exactly the limit passes and zero stays a valid bound.
    const result = run(part, encoding, { maxOutputLength: most + 1, chunkSize, info: true }, maxBytes)
    return result.buffer.length > most ? undefined : result
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw refusalOfZlib(error, encoding, maxBytes)
  }
}

function refusalOfZlib(error: unknown, encoding: Compression, maxBytes: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') return tooLarge('the decompressed request body', maxBytes)
  if (code === 'Z_BUF_ERROR') return malformed(encoding, 'it ends before it is whole')
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return malformed(encoding, code)
  return error
}

interface PartOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
  readonly info: true
}

function run(part: Buffer, encoding: Compression, options: PartOptions, maxBytes: number): Inflated {
  switch (encoding) {
    case 'gzip':
      return withInfo(gunzipSync(part, options))
    case 'deflate':
      return withInfo(inflateSync(part, options))
    case 'zstd':
      return withInfo(zstdDecompressSync(part, { ...options, params: windowParams(maxBytes) }))
  }
}

function openStream(encoding: Compression, maxBytes: number): Transform {
  const options = { chunkSize: CHUNK_MIN_BYTES }
  switch (encoding) {
    case 'gzip':
      return createGunzip(options)
    case 'deflate':
      return createInflate(options)
    case 'zstd':
      return createZstdDecompress({ ...options, params: windowParams(maxBytes) })
  }
}

/**
 * A zstd frame says how much memory its window takes: never more than the body may become, or the 8 MiB that every decoder
 * should allow (RFC 8878, section 3.1.1.1.2).
 */
function windowParams(maxBytes: number): Record<number, number> {
  return { [constants.ZSTD_d_windowLogMax]: Math.min(31, Math.max(23, Math.ceil(Math.log2(maxBytes)))) }
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

/** gzip writes its size at its end (RFC 1952, ISIZE). A sender controls it. */
function toldBytes(part: Buffer, encoding: ContentEncoding): number | undefined {
  return encoding === 'gzip' && part.length > 18 ? part.readUInt32LE(part.length - 4) : undefined
}

/** Output buffers as large as the result is likely to be. */
function chunkBytes(told: number | undefined, partBytes: number, most: number): number {
  const likely = Math.min((told ?? partBytes * 4) + 1, partBytes * 32)
  return Math.max(CHUNK_MIN_BYTES, Math.min(likely, SMALL_MAX_BYTES, most + 1))
}

function malformed(encoding: string, what: string): Refusal {
  return new Refusal(400, RPC.invalidArgument, 'malformed_encoding', `the request body is not valid ${encoding}: ${what}`)
}
