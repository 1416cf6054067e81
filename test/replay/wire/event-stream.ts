import { crc32 } from 'node:zlib'

// The framing of AWS event streams: lengths and a checksum of those, headers, payload, and a checksum of all of it, big-endian.

export function eventFrame(type: string, payload: string): Buffer {
  const name = ':event-type'
  const headers = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7, 0, type.length]), Buffer.from(type)])
  const body = Buffer.from(payload)
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + headers.length + body.length, 0)
  prelude.writeUInt32BE(headers.length, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const message = Buffer.concat([prelude, headers, body])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(message))
  return Buffer.concat([message, checksum])
}

/** Reads frames as they come. @throws for a checksum that does not hold, and for bytes that are left over */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<[type: string, payload: string]> {
  let held = Buffer.alloc(0)
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk])
    while (held.length >= 12 && held.length >= held.readUInt32BE(0)) {
      const frame = held.subarray(0, held.readUInt32BE(0))
      held = held.subarray(frame.length)
      const end = frame.length - 4
      if (crc32(frame.subarray(0, 8)) !== frame.readUInt32BE(8) || crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end))
        throw new Error('a checksum of an event does not hold')
      const headersEnd = 12 + frame.readUInt32BE(4)
      const valueAt = 12 + 1 + (frame[12] ?? 0) + 3
      yield [frame.subarray(valueAt, headersEnd).toString(), frame.subarray(headersEnd, end).toString()]
    }
  }
  if (held.length > 0) throw new Error(`${held.length} bytes are left over`)
}
