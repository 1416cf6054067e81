import { BlobHeaderForm, headerMediaType, type StoredAs } from '../blobs/blob-header.ts'
import { rawFrameCrc, rawFrameLength, writeRawFrame } from '../frames/raw-zstd.ts'
import type { ResourceFacts } from '../index/record-row.ts'
import { ResourceCache, RowPacker } from '../index/row-packer.ts'
import type { SpanFacts } from '../index/step-rows-writer.ts'
import { PACKED_MAX_BYTES } from '../limits.ts'
import { manifestSizeBytes } from '../manifests/parts.ts'
import { CORE_OFFSET, writeCoreHash } from '../tape/group-digest.ts'
import type { PreparedBlob } from '../types.ts'
import { DigestSlots } from './digest-slots.ts'
import type { PackedBatch } from './packed-batch.ts'
import { SpareBuffers } from './spare-buffers.ts'

const START_BYTES = 256 * 1024
const START_ITEMS = 512
const DIGEST_BYTES = 32
const DIGEST_PREFIX_LENGTH = 'sha256:'.length
const HEADERS_MAX = 64
const NEWLINE = 0x0a
const NOTHING = new Uint8Array(0)
/** Working memory above this is given up after a batch that needed it. */
const KEEP_MAX_BYTES = 4 * 1024 * 1024
const COPIED_SHARE = 4
const SPARE_MAX_BYTES = 2 * 1024 * 1024

/** Where a packer stood, to go back to. */
export interface PackerMark {
  readonly linesBytes: number
  readonly records: number
  readonly framesBytes: number
  readonly blobs: number
  readonly rows: number
  readonly rowDigests: number
}

/**
 * Writes records and payloads in the form in which they go to the disk. Pure: runs in any thread.
 */
export class BatchPacker {
  /** Buffers of batches that are done with, to be used again. */
  readonly spare: SpareBuffers = new SpareBuffers(SPARE_MAX_BYTES)
  #lines: Buffer = Buffer.allocUnsafeSlow(START_BYTES)
  #linesBytes = 0
  #lineEnds: Uint32Array = new Uint32Array(START_ITEMS)
  #coreHashes: Buffer = Buffer.allocUnsafeSlow(START_ITEMS * DIGEST_BYTES)
  #records = 0
  #frames: Buffer = Buffer.allocUnsafeSlow(START_BYTES)
  #framesBytes = 0
  #blobEnds: Uint32Array = new Uint32Array(START_ITEMS)
  #digests: Buffer = Buffer.allocUnsafeSlow(START_ITEMS * DIGEST_BYTES)
  #blobs = 0
  readonly #known: DigestSlots = new DigestSlots()
  #loose: { index: number; data: Uint8Array }[] = []
  readonly #headers = new Map<string, BlobHeaderForm>()
  readonly #rows = new RowPacker()
  readonly #resources = new ResourceCache()

  get records(): number {
    return this.#records
  }

  get linesBytes(): number {
    return this.#linesBytes
  }

  /** Bytes of everything so far. */
  get sizeBytes(): number {
    return this.#linesBytes + this.#framesBytes
  }

  mark(): PackerMark {
    return {
      linesBytes: this.#linesBytes,
      records: this.#records,
      framesBytes: this.#framesBytes,
      blobs: this.#blobs,
      rows: this.#rows.steps,
      rowDigests: this.#rows.digests,
    }
  }

  /** Takes back what was added since. */
  backTo(mark: PackerMark): void {
    this.#linesBytes = mark.linesBytes
    this.#records = mark.records
    this.#framesBytes = mark.framesBytes
    this.#rows.backTo(mark.rows, mark.rowDigests)
    if (this.#blobs === mark.blobs) return
    this.#blobs = mark.blobs
    this.#known.rebuild(this.#digests, mark.blobs)
    this.#loose = this.#loose.filter(({ index }) => index < mark.blobs)
  }

  /**
   * Adds the line `{"core":` + core + `,"refs":[` + refs + `]}`; both parts are canonical JSON. Returns the bytes of the line
   * with its end. `span` is what a span's record says, for whoever keeps the index.
   */
  addRecord(core: string, refs: string, span?: SpanFacts): number {
    const line = `${LINE_START}${core}${LINE_REFS}${refs}${LINE_END}`
    const lines = this.#roomForLine(line.length * 3)
    const start = this.#linesBytes
    const end = start + lines.write(line, start)
    // Of the same length in both, unless something in it is not ASCII.
    const refsBytes = end - start === line.length ? refs.length : Buffer.byteLength(refs)
    const coreStart = start + CORE_OFFSET
    const coreEnd = end - (LINE_REFS.length + refsBytes + LINE_END.length)
    this.#endLine(coreStart, coreEnd, end)
    if (span !== undefined) this.#rows.add(span, lines, coreStart, coreEnd)
    return end - start
  }

  /** What a resource says, of which this is the text in records. */
  resourceFacts(json: string): ResourceFacts {
    return this.#resources.factsOf(json)
  }

  /** Adds a line that is whole already, whose core has so many UTF-16 units. */
  addLine(line: string, coreLength: number): void {
    const lines = this.#roomForLine(line.length * 3 + 1)
    const start = this.#linesBytes
    const end = start + lines.write(line, start)
    const coreStart = start + CORE_OFFSET
    // Of the same length in both, unless the core is not ASCII.
    const coreBytes = end - start === line.length ? coreLength : Buffer.byteLength(line.slice(CORE_OFFSET, CORE_OFFSET + coreLength))
    lines[end] = NEWLINE
    this.#endLine(coreStart, coreStart + coreBytes, end + 1)
  }

  #endLine(coreStart: number, coreEnd: number, end: number): void {
    const record = this.#records++
    if (record === this.#lineEnds.length) {
      this.#lineEnds = grownNumbers(this.#lineEnds)
      this.#coreHashes = grown(this.#coreHashes, this.#coreHashes.length * 2)
    }
    this.#lineEnds[record] = end
    writeCoreHash(this.#lines, coreStart, coreEnd, this.#coreHashes, record * DIGEST_BYTES)
    this.#linesBytes = end
  }

  #roomForLine(bytes: number): Buffer {
    const needed = this.#linesBytes + bytes
    if (needed > this.#lines.length) this.#lines = grown(this.#lines, needed)
    return this.#lines
  }

  /** Adds a payload that the batch does not have yet. */
  addBlob({ digest, mediaType, data, encoding }: PreparedBlob): void {
    const manifest = encoding === 'manifest'
    // What can be wrong with it comes first: from here on the batch has it.
    const sizeBytes = manifest ? manifestSizeBytes(data) : data.length
    const index = this.#blobs
    if (index === this.#blobEnds.length) {
      this.#blobEnds = grownNumbers(this.#blobEnds)
      this.#digests = grown(this.#digests, this.#digests.length * 2)
    }
    const digestAt = index * DIGEST_BYTES
    writeDigest(this.#digests, digestAt, digest)
    if (!this.#known.add(this.#digests, index)) return
    this.#blobs++
    const loose = !manifest && data.length > PACKED_MAX_BYTES
    const stored = loose ? NOTHING : data
    const header = this.#headerOf(mediaType, loose ? 'loose' : manifest ? 'manifest' : 'whole')
    const start = this.#framesBytes
    const frameAt = start + header.length
    const end = frameAt + rawFrameLength(stored.length)
    if (end > this.#frames.length) this.#frames = grown(this.#frames, end)
    const frames = this.#frames
    writeRawFrame(frames, frameAt, stored)
    const frameCrc = rawFrameCrc(frames, frameAt, stored)
    header.write(frames, start, { digests: this.#digests, digestAt, sizeBytes, frameBytes: end - frameAt, frameCrc })
    this.#blobEnds[index] = end
    // The data may be a range of something larger, which would go along.
    if (loose) this.#loose.push({ index, data: new Uint8Array(data) })
    this.#framesBytes = end
  }

  #headerOf(mediaType: string, storedAs: StoredAs): BlobHeaderForm {
    // A space stands in no such word.
    const key = storedAs === 'whole' ? mediaType : `${storedAs} ${mediaType}`
    let form = this.#headers.get(key)
    if (form === undefined) {
      form = new BlobHeaderForm(headerMediaType(mediaType), storedAs)
      if (this.#headers.size >= HEADERS_MAX) this.#headers.clear()
      this.#headers.set(key, form)
    }
    return form
  }

  /** What was added since the last call, in buffers of their own. */
  finish(): PackedBatch {
    const [lineBytes, lines] = this.#handOver(this.#lines, this.#linesBytes)
    const [frameBytes, frames] = this.#handOver(this.#frames, this.#framesBytes)
    // Small things share a buffer: each of its own costs when it goes to another thread.
    const records = this.#records
    const blobs = this.#blobs
    const endsBytes = (records + blobs) * 4
    const about = new ArrayBuffer(endsBytes + (records + blobs) * DIGEST_BYTES)
    const batch: PackedBatch = {
      lines: {
        bytes: lineBytes,
        ends: new Uint32Array(about, 0, records),
        coreHashes: new Uint8Array(about, endsBytes, records * DIGEST_BYTES),
      },
      blobs: {
        frames: frameBytes,
        ends: new Uint32Array(about, records * 4, blobs),
        digests: new Uint8Array(about, endsBytes + records * DIGEST_BYTES, blobs * DIGEST_BYTES),
        loose: this.#loose,
      },
      rows: this.#rows.take(records),
    }
    batch.lines.ends.set(this.#lineEnds.subarray(0, records))
    batch.lines.coreHashes.set(this.#coreHashes.subarray(0, records * DIGEST_BYTES))
    batch.blobs.ends.set(this.#blobEnds.subarray(0, blobs))
    batch.blobs.digests.set(this.#digests.subarray(0, blobs * DIGEST_BYTES))
    this.#lines = lines
    this.#frames = frames
    this.#linesBytes = 0
    this.#records = 0
    this.#framesBytes = 0
    this.#blobs = 0
    this.#known.clear()
    this.#loose = []
    return batch
  }

  /** The bytes that were used, in a buffer of their own, and the memory to go on with. */
  #handOver(memory: Buffer, usedBytes: number): [Uint8Array, Buffer] {
    // Little is copied out; else the memory itself goes, and what was handed over before and came back takes its place.
    if (usedBytes * COPIED_SHARE < memory.length) {
      const spare = this.spare.take(usedBytes)
      const target = spare === undefined ? new Uint8Array(usedBytes) : new Uint8Array(spare, 0, usedBytes)
      target.set(memory.subarray(0, usedBytes))
      return [target, memory.length > KEEP_MAX_BYTES ? Buffer.allocUnsafeSlow(START_BYTES) : memory]
    }
    const next = this.spare.take(Math.min(memory.length, KEEP_MAX_BYTES))
    return [
      new Uint8Array(memory.buffer, memory.byteOffset, usedBytes),
      next === undefined ? Buffer.allocUnsafeSlow(Math.min(memory.length, KEEP_MAX_BYTES)) : Buffer.from(next),
    ]
  }
}

const HEX_VALUE = new Uint8Array(128)
for (const [value, digit] of [...'0123456789abcdef'].entries()) HEX_VALUE[digit.charCodeAt(0)] = value

/** The bytes of a digest; for so few, a call out of JavaScript would take longer. */
function writeDigest(target: Buffer, at: number, digest: string): void {
  for (let index = 0, from = DIGEST_PREFIX_LENGTH; index < DIGEST_BYTES; index++, from += 2) {
    const high = HEX_VALUE[digest.charCodeAt(from) & 0x7f] as number
    target[at + index] = (high << 4) | (HEX_VALUE[digest.charCodeAt(from + 1) & 0x7f] as number)
  }
}

const LINE_START = '{"core":'
const LINE_REFS = ',"refs":['
const LINE_END = ']}\n'

function grown(buffer: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, buffer.length * 2))
  buffer.copy(larger)
  return larger
}

function grownNumbers(numbers: Uint32Array): Uint32Array {
  const larger = new Uint32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
