import { ReadableStream } from 'node:stream/web'
import type { Context } from 'hono'
import { type Digest, isDigest } from '../../schemas/index.ts'
import type { BlobReader } from '../../store/index.ts'
import { ApiError } from './api-error.ts'
import { type ByteRange, byteRangeOf } from './byte-range.ts'
import { isNamedBy } from './entity-tag.ts'

/**
 * The bytes of an artifact, or a range of them, as they come from the disk: whoever reads slowly waits for himself alone. Its
 * digest is its entity tag, so conditions are answered exactly (RFC 9110, sections 13 and 14).
 */
export async function answerArtifact(context: Context, blobs: BlobReader, text: string): Promise<Response> {
  if (!isDigest(text)) throw new ApiError(400, 'invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
  const digest: Digest = text
  const info = blobs.info(digest)
  if (info === undefined) throw new ApiError(404, 'artifact_missing', `no artifact ${digest}`)
  const tag = `"${digest}"`
  const headers = {
    'Content-Type': info.mediaType,
    // Always a download: a stored page or image must never run or render on this origin.
    'Content-Disposition': `attachment; filename="${digest.replace(':', '-')}"`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Accept-Ranges': 'bytes',
    // The digest is of the bytes: they never change.
    ETag: tag,
  }
  const { sizeBytes } = info
  const { req: request } = context
  // Section 13.2.2: If-Match, then If-None-Match, then Range with If-Range.
  if (!isNamedBy(request.header('If-Match'), tag, { whenAbsent: true, weak: false }))
    throw new ApiError(412, 'invalid_argument', `If-Match: the artifact is ${tag}`)
  if (isNamedBy(request.header('If-None-Match'), tag, { whenAbsent: false, weak: true })) return context.body(null, 304, { ETag: tag })
  const range = request.method === 'GET' ? rangeOf(context, tag, sizeBytes) : undefined
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 }
  const answer = {
    ...headers,
    'Content-Length': String(last + 1 - first),
    ...(range !== undefined && { 'Content-Range': `bytes ${first}-${last}/${sizeBytes}` }),
  }
  const status = range === undefined ? 200 : 206
  if (request.method !== 'GET' || sizeBytes === 0) return context.body(null, status, answer)
  const pieces = blobs.readRange(digest, first, last + 1)
  // What is wrong with it is said before the answer begins.
  const begin = await pieces.next()
  return context.body(ReadableStream.from(joined(begin, pieces)), status, answer)
}

function rangeOf(context: Context, tag: string, sizeBytes: number): ByteRange | undefined {
  const condition = context.req.header('If-Range')
  // A part of another version would not fit. A date never holds: artifacts have none. Weak tags do not either.
  if (condition !== undefined && condition.trim() !== tag) return undefined
  const range = byteRangeOf(context.req.header('Range'), sizeBytes)
  if (range !== 'unsatisfiable') return range
  context.header('Content-Range', `bytes */${sizeBytes}`)
  throw new ApiError(416, 'invalid_argument', `Range: expected bytes below ${sizeBytes}`)
}

async function* joined(
  begin: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (begin.done !== true) yield begin.value
    yield* rest
  } finally {
    await rest.return()
  }
}
