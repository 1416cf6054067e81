import { type ProtoReader, WireFault } from './proto-reader.ts'

export const ZERO_TRACE_ID: string = '0'.repeat(32)
export const ZERO_SPAN_ID: string = '0'.repeat(16)

/** Reads an id of `size` bytes as hex; '' for an empty field. @throws WireFault for any other length */
export function readId(reader: ProtoReader, end: number, size: number): string {
  const stop = reader.lengthEnd(end)
  const start = reader.pos
  if (stop - start !== size && stop !== start) throw new WireFault(`${size} bytes expected, got ${stop - start}`, start)
  reader.pos = stop
  return stop === start ? '' : reader.hex(start, stop)
}

/** Ids of a trace repeat from record to record, so the last one is kept: finding it again costs a compare. */
export class RepeatedId {
  readonly #reader: ProtoReader
  readonly #size: number
  #start = -1
  #id = ''

  constructor(reader: ProtoReader, size: number) {
    this.#reader = reader
    this.#size = size
  }

  read(end: number): string {
    const reader = this.#reader
    const before = reader.pos
    // The length takes one byte, and is compared with the rest.
    const after = before + 1 + this.#size
    if (this.#start >= 0 && after <= end && reader.sameBytes(this.#start, before, 1 + this.#size)) {
      reader.pos = after
      return this.#id
    }
    const id = readId(reader, end, this.#size)
    if (id !== '' && reader.pos === after) {
      this.#start = before
      this.#id = id
    }
    return id
  }
}
