type Zlib = typeof import('node:zlib')
type Decode = (zlib: Zlib, bytes: Uint8Array, maxBytes: number) => Uint8Array

// What was cut off is decoded as far as it goes.
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: ({ gunzipSync, constants }, bytes, maxOutputLength) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength }),
  deflate: inflate,
  br: ({ brotliDecompressSync, constants }, bytes, maxOutputLength) =>
    brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
  zstd: ({ zstdDecompressSync, constants }, bytes, maxOutputLength) =>
    zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength }),
}
const ALIASES: Readonly<Record<string, string>> = { 'x-gzip': 'gzip' }

/** RFC 9110 section 8.4.1.2 means the zlib format; servers that send the bare one are as common. */
function inflate({ inflateSync, inflateRawSync, constants }: Zlib, bytes: Uint8Array, maxOutputLength: number): Uint8Array {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength }
  return ((bytes[0] ?? 0) & 0x0f) === 0x08 ? inflateSync(bytes, options) : inflateRawSync(bytes, options)
}

/**
 * The chunks of an encoded body, decoded. As many as came, cut in the same proportions: where one ended, an encoding does not tell.
 * Undefined for an encoding that is not known, for bytes that are not of it, and for more than `maxBytes`.
 */
export function decodedChunks(chunks: readonly Uint8Array[], encoding: string, maxBytes: number): Uint8Array[] | undefined {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (names.length === 0) return [...chunks]
  const packed: Uint8Array = Buffer.concat(chunks)
  if (packed.length === 0) return [...chunks]
  let bytes = packed
  try {
    // Loaded at its first use: most programs have no such body.
    const zlib = process.getBuiltinModule('node:zlib')
    for (const name of names.reverse()) {
      const decode = DECODERS[ALIASES[name] ?? name]
      if (decode === undefined) return undefined
      bytes = decode(zlib, bytes, maxBytes)
    }
  } catch {
    return undefined
  }
  let sent = 0
  let from = 0
  return chunks.map((chunk) => {
    sent += chunk.length
    const end = Math.round((bytes.length * sent) / packed.length)
    const piece = bytes.subarray(from, end)
    from = end
    return piece
  })
}
