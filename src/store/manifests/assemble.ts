import { type Digest, RepriseError } from '../../schemas/index.ts'
import { decodeParts, type Part } from './parts.ts'

/** Lists in lists; far more than an honest manifest has. */
export const MANIFEST_DEPTH_MAX = 32
const PAYLOAD_MAX_BYTES = 1024 * 1024 * 1024

/**
 * The exact bytes that a manifest describes. Throws `integrity` where a part is malformed or of another size than told,
 * naming the part, and what `read` throws.
 */
export function assembleManifest(digest: Digest, manifest: Buffer, sizeBytes: number, read: (digest: Digest) => Buffer): Buffer {
  const parts = decodeParts(manifest)
  if (sizeBytes > PAYLOAD_MAX_BYTES)
    throw new RepriseError('limit_exceeded', `artifact ${digest} has ${sizeBytes} bytes, over ${PAYLOAD_MAX_BYTES}`)
  const target = Buffer.allocUnsafe(sizeBytes)

  const fill = (list: readonly Part[], from: number, to: number, depth: number): void => {
    let at = from
    for (const part of list) {
      const bytes = part.type === 'bytes' ? part.bytes : read(part.digest)
      const size = part.type === 'bytes' ? bytes.length : part.sizeBytes
      if (at + size > to || depth > MANIFEST_DEPTH_MAX) throw wrongSize(digest, part)
      if (part.type === 'list') fill(decodeParts(Buffer.from(bytes)), at, at + size, depth + 1)
      else if (bytes.length !== size) throw wrongSize(digest, part)
      else target.set(bytes, at)
      at += size
    }
    if (at !== to) throw wrongSize(digest)
  }

  fill(parts, 0, sizeBytes, 0)
  return target
}

function wrongSize(digest: Digest, part?: Part): RepriseError {
  const culprit = part === undefined || part.type === 'bytes' ? '' : `, at its part ${part.digest}`
  return new RepriseError('integrity', `artifact ${digest} cannot be put together: its manifest does not add up${culprit}`, {
    details: { digest },
  })
}
