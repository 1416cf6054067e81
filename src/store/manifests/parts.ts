import { type Digest, RepriseError } from '../../schemas/index.ts'

/**
 * A payload as a recipe: bytes that stand here, a blob, or a list of further parts that is a blob of its own. Sizes are of
 * the payload's bytes that a part stands for.
 */
export type Part =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'blob'; readonly digest: Digest; readonly sizeBytes: number }
  | { readonly type: 'list'; readonly digest: Digest; readonly sizeBytes: number }

/** The media type of a list that several manifests share. */
export const LIST_MEDIA_TYPE = 'application/vnd.reprise.manifest-list'

// 'RPMF', u8 version, varint size of all parts; then the parts: varint (size * 4 + type), and bytes or a digest.
const TAG = Buffer.from('RPMF\u0001', 'latin1')
const TYPES = ['bytes', 'blob', 'list'] as const
const DIGEST_BYTES = 32

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value
  let position = at
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[position++] = (rest % 128) | 128
  target[position++] = rest
  return position
}

export function partSizeBytes(part: Part): number {
  return part.type === 'bytes' ? part.bytes.length : part.sizeBytes
}

export function sizeOfParts(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + partSizeBytes(part), 0)
}

/** Neighbouring bytes are joined, so that equal recipes have equal bytes. */
export function encodeParts(parts: readonly Part[]): Buffer {
  const joined = joinBytes(parts)
  const total = sizeOfParts(joined)
  let length = TAG.length + varintLength(total)
  for (const part of joined) {
    const size = partSizeBytes(part)
    length += varintLength(size * 4) + (part.type === 'bytes' ? size : DIGEST_BYTES)
  }
  const target = Buffer.allocUnsafeSlow(length)
  target.set(TAG)
  let at = writeVarint(target, TAG.length, total)
  for (const part of joined) {
    at = writeVarint(target, at, partSizeBytes(part) * 4 + TYPES.indexOf(part.type))
    if (part.type === 'bytes') {
      target.set(part.bytes, at)
      at += part.bytes.length
    } else at += target.write(part.digest.slice(7), at, 'hex')
  }
  return target
}

function joinBytes(parts: readonly Part[]): Part[] {
  const joined: Part[] = []
  let run: Uint8Array[] = []
  const endRun = (): void => {
    const bytes = run.length === 1 && run[0] !== undefined ? run[0] : Buffer.concat(run)
    if (bytes.length > 0) joined.push({ type: 'bytes', bytes })
    run = []
  }
  for (const part of parts) {
    if (part.type === 'bytes') run.push(part.bytes)
    else {
      endRun()
      joined.push(part)
    }
  }
  endRun()
  return joined
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw malformed('it ends in the middle of a part')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.take(1)[0] ?? 0
      value += (byte & 127) * scale
      if (byte < 128 && Number.isSafeInteger(value)) return value
    }
    throw malformed('a length is too large')
  }
}

function malformed(what: string): RepriseError {
  return new RepriseError('integrity', `a manifest is malformed: ${what}`)
}

function open(bytes: Buffer): { reader: Reader; total: number } {
  const reader = new Reader(bytes)
  if (bytes.length < TAG.length || !reader.take(TAG.length).equals(TAG)) throw malformed('it does not begin as one of version 1')
  return { reader, total: reader.varint() }
}

/** The parts, whose sizes add up to the size that the manifest tells. Throws `integrity`. */
export function decodeParts(bytes: Buffer): Part[] {
  const { reader, total } = open(bytes)
  const parts: Part[] = []
  let left = total
  while (!reader.done) {
    const head = reader.varint()
    const type = TYPES[head % 4]
    const sizeBytes = Math.floor(head / 4)
    // Parts of nothing could be nested to take for ever.
    if (type === undefined || sizeBytes > left || sizeBytes === 0) throw malformed('its parts are not of the size that it tells')
    left -= sizeBytes
    if (type === 'bytes') parts.push({ type, bytes: reader.take(sizeBytes) })
    else parts.push({ type, digest: `sha256:${reader.take(DIGEST_BYTES).toString('hex')}`, sizeBytes })
  }
  if (left !== 0) throw malformed('its parts are not of the size that it tells')
  return parts
}

/** Size of the payload that a manifest describes. */
export function manifestSizeBytes(manifest: Uint8Array): number {
  return open(Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength)).total
}
