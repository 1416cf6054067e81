import type { IndexDatabase } from './database.ts'

/** An unsorted tail of this many entries becomes a sorted chunk. */
const CHUNK_ENTRIES = 16_384
/** Sorting packs a key and a place in the chunk into one exact number: 36 and 16 bits. */
const SORT_MAX = 65_536
const PAGE_ENTRIES = 128
const ENTRY_BYTES = 16
/** A key, and with the number of its chunk the number of a page, is below this. */
export const KEYS: number = 2 ** 36

/**
 * Which records refer to a digest. Keys are random, so a row for each would touch a page for each; instead entries are
 * gathered, sorted in memory and written as pages, of which a search reads one per chunk. An entry is a key (36 bits of the
 * digest, as a double) and an address (a double as well).
 */
export class DigestTable {
  readonly #database: IndexDatabase
  #tail: Float64Array<ArrayBuffer>
  #count = 0
  /** Entries of the tail that are in the database. */
  #saved = 0
  #chunks: number

  constructor(database: IndexDatabase) {
    this.#database = database
    this.#tail = new Float64Array(2 * CHUNK_ENTRIES)
    for (const { entries } of database.all('SELECT entries FROM digest_tail ORDER BY id')) {
      const values = doublesOf(entries)
      for (let at = 0; at + 1 < values.length; at += 2) this.add(values[at] ?? 0, values[at + 1] ?? 0)
    }
    this.#saved = this.#count
    this.#chunks = chunkCount(database)
  }

  add(key: number, address: number): void {
    if (2 * this.#count === this.#tail.length) {
      const larger = new Float64Array(2 * this.#tail.length)
      larger.set(this.#tail)
      this.#tail = larger
    }
    this.#tail[2 * this.#count] = key
    this.#tail[2 * this.#count + 1] = address
    this.#count++
  }

  /** Writes what was added, within the transaction of the caller. */
  save(): void {
    if (this.#count === this.#saved) return
    if (this.#count < CHUNK_ENTRIES) {
      this.#database.run('INSERT INTO digest_tail(entries) VALUES(?)', bytesOf(this.#tail.subarray(2 * this.#saved, 2 * this.#count)))
      this.#saved = this.#count
      return
    }
    for (let from = 0; from < this.#count; from += SORT_MAX) this.#writeChunk(from, Math.min(this.#count, from + SORT_MAX))
    this.#database.run('DELETE FROM digest_tail')
    this.#tail = new Float64Array(2 * CHUNK_ENTRIES)
    this.#count = 0
    this.#saved = 0
  }

  #writeChunk(from: number, to: number): void {
    const order = new Float64Array(to - from)
    for (let entry = from; entry < to; entry++) order[entry - from] = (this.#tail[2 * entry] ?? 0) * SORT_MAX + (entry - from)
    order.sort()
    const sorted = new Float64Array(2 * order.length)
    for (let at = 0; at < order.length; at++) {
      const packed = order[at] ?? 0
      // Without `%`, which costs a call where numbers are this large.
      const entry = from + packed - Math.floor(packed / SORT_MAX) * SORT_MAX
      sorted[2 * at] = this.#tail[2 * entry] ?? 0
      sorted[2 * at + 1] = this.#tail[2 * entry + 1] ?? 0
    }
    const chunk = BigInt(this.#chunks++) * BigInt(KEYS)
    for (let first = 0; first < order.length; ) {
      let last = Math.min(order.length, first + PAGE_ENTRIES)
      // A page begins with a key of its own: the key is part of its number.
      while (last < order.length && sorted[2 * last] === sorted[2 * last - 2]) last++
      const page = bytesOf(sorted.subarray(2 * first, 2 * last))
      this.#database.run('INSERT INTO digest_pages(id, entries) VALUES(?, ?)', chunk + BigInt(sorted[2 * first] ?? 0), page)
      first = last
    }
  }
}

function chunkCount(database: IndexDatabase): number {
  const last = database.get('SELECT max(id) AS last FROM digest_pages')?.['last']
  return typeof last === 'number' || typeof last === 'bigint' ? Math.floor(Number(last) / KEYS) + 1 : 0
}

/** Addresses of records that may refer to a digest of this key, in tape order. */
export function* findAddresses(database: IndexDatabase, key: number): Generator<number, void, void> {
  const chunks = chunkCount(database)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = BigInt(chunk) * BigInt(KEYS)
    const page = database.get(
      'SELECT entries FROM digest_pages WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1',
      first,
      first + BigInt(key),
    )
    if (page !== undefined) yield* matching(doublesOf(page['entries']), key)
  }
  for (const { entries } of database.all('SELECT entries FROM digest_tail ORDER BY id')) yield* matching(doublesOf(entries), key)
}

function* matching(values: Float64Array, key: number): Generator<number, void, void> {
  for (let at = 0; at + 1 < values.length; at += 2) if (values[at] === key) yield values[at + 1] ?? 0
}

function bytesOf(values: Float64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function doublesOf(bytes: unknown): Float64Array {
  if (!(bytes instanceof Uint8Array)) return new Float64Array(0)
  return new Float64Array(bytes.slice(0, bytes.length - (bytes.length % ENTRY_BYTES)).buffer)
}
