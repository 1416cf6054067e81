/**
 * A file of the spool is a sequence of frames: a header of 20 bytes, then one OTLP ExportTraceServiceRequest (protobuf) whose
 * every string has passed the redactor. Header, big endian: `RSPL`, version (u8), 3 bytes of zero, body length (u32), spans in
 * it (u32), crc32 of all that before and the body (u32). A file that was not written to its end is cut at the first frame that
 * is not whole.
 */
export interface SpoolFrame {
  readonly body: Uint8Array
  /** Spans in the body, gap notices included. */
  readonly spans: number
}

export interface SpoolContent {
  readonly frames: readonly SpoolFrame[]
  /** Bytes behind the last whole frame. */
  readonly cutBytes: number
}

const FRAME_HEADER_BYTES = 20
/** The largest body that is taken for one. */
const FRAME_BODY_MAX_BYTES = 128 * 1024 * 1024

const MAGIC = 0x5253504c
const VERSION = 1
const CRC_AT = 16

// Not imported: most recorded programs never get here, and zlib is not small.
function crcOf(header: Uint8Array, body: Uint8Array): number {
  const { crc32 } = process.getBuiltinModule('node:zlib')
  return crc32(body, crc32(header.subarray(0, CRC_AT)))
}

export function frameHeader({ body, spans }: SpoolFrame): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(MAGIC, 0)
  header.writeUInt8(VERSION, 4)
  header.writeUInt32BE(body.length, 8)
  header.writeUInt32BE(spans, 12)
  header.writeUInt32BE(crcOf(header, body), CRC_AT)
  return header
}

/** The whole frames of a file, in order. Whoever could write to the folder controls every byte. */
export function readFrames(file: Uint8Array): SpoolContent {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length)
  const frames: SpoolFrame[] = []
  let at = 0
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const header = bytes.subarray(at, at + FRAME_HEADER_BYTES)
    const length = header.readUInt32BE(8)
    const end = at + FRAME_HEADER_BYTES + length
    if (header.readUInt32BE(0) !== MAGIC || header.readUInt32BE(4) !== VERSION << 24) break
    if (length > FRAME_BODY_MAX_BYTES || end > bytes.length) break
    const body = bytes.subarray(at + FRAME_HEADER_BYTES, end)
    if (crcOf(header, body) !== header.readUInt32BE(CRC_AT)) break
    frames.push({ body, spans: header.readUInt32BE(12) })
    at = end
  }
  return { frames, cutBytes: bytes.length - at }
}
