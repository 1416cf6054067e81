import { hash } from 'node:crypto'
import { expect } from 'vitest'
import { parseBlobHeader } from '../../../src/store/blobs/blob-header.ts'
import { decodeFrame } from '../../../src/store/frames/raw-zstd.ts'
import { parseHeader, skippableLength } from '../../../src/store/frames/skippable.ts'
import type { PackedBatch, PreparedBlob, PreparedRecord } from '../../../src/store/index.ts'
import { coreEndOf } from '../../../src/store/tape/group-digest.ts'

/** The records and payloads of a packed batch, read back step by step; its hashes are checked on the way. */
export function unpackBatch({ lines, blobs }: PackedBatch): { records: PreparedRecord[]; blobs: PreparedBlob[] } {
  const text = Buffer.from(lines.bytes)
  const records: PreparedRecord[] = []
  let start = 0
  for (const [index, end] of lines.ends.entries()) {
    const line = text.toString('utf8', start, end - 1)
    expect(text[end - 1]).toBe(0x0a)
    const core = line.slice(8, coreEndOf(line))
    const digest = hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(core)]), 'hex')
    expect(Buffer.from(lines.coreHashes).toString('hex', index * 32, index * 32 + 32)).toBe(digest)
    records.push({ line, core })
    start = end
  }
  expect(start).toBe(text.length)
  return { records, blobs: [...blobs.ends].map((_, index) => blobAt(blobs, index)) }
}

function blobAt({ frames, ends, digests, loose }: PackedBatch['blobs'], index: number): PreparedBlob {
  const stored = Buffer.from(frames.subarray(ends[index - 1] ?? 0, ends[index]))
  const frameAt = 8 + skippableLength(stored, 0)!
  const common = parseHeader(stored.subarray(8, frameAt))
  if (typeof common === 'string') throw new Error(`blob ${index} has a ${common} header`)
  const header = parseBlobHeader(common)!
  expect(header.digest).toBe(`sha256:${Buffer.from(digests).toString('hex', index * 32, index * 32 + 32)}`)
  const content = decodeFrame(stored.subarray(frameAt), stored.length)!
  const { digest, mediaType, storedAs } = header
  if (storedAs === 'manifest') return { digest, mediaType, data: content, encoding: 'manifest' }
  return { digest, mediaType, data: storedAs === 'loose' ? loose.find((blob) => blob.index === index)!.data : content, encoding: 'whole' }
}
