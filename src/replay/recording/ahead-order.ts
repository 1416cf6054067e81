/** What the two sides of `BlobsAhead` say to each other. */
export interface AheadOrder {
  readonly folder: string
  /** Of all blobs, 64 letters each. */
  readonly names: string
  readonly sizes: Uint32Array
  /** By part: who reads it. */
  readonly claims: Int32Array
}

export interface PartRead {
  readonly part: number
  /** Of those that were read, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** By blob of the part: 1 where it was read and is what its name says. */
  readonly isRead: Uint8Array
}

export const PART_BLOBS = 128
/** Claims of a part. */
export const FREE = 0
export const HERE = 1
export const AHEAD = 2
