const POLYNOMIAL = 0xedb88320
const BYTE_VALUES = 256

/** What each value of a byte adds to the sum, and to that of one, two and three bytes further on. */
const TABLES = new Int32Array(4 * BYTE_VALUES)
for (let value = 0; value < BYTE_VALUES; value++) {
  let sum = value
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ POLYNOMIAL
  TABLES[value] = sum
}
for (let at = BYTE_VALUES; at < TABLES.length; at++) {
  const before = TABLES[at - BYTE_VALUES] as number
  TABLES[at] = (before >>> 8) ^ (TABLES[before & 0xff] as number)
}

/** As `crc32` of `node:zlib`, for the few bytes of a header: a call out of JavaScript, and a view to call it with, take longer than they. */
export function crcOfFew(bytes: Uint8Array, from: number, to: number): number {
  const tables = TABLES
  let sum = -1
  let at = from
  for (; at + 4 <= to; at += 4) {
    const four =
      sum ^
      ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24))
    sum =
      (tables[768 + (four & 0xff)] as number) ^
      (tables[512 + ((four >>> 8) & 0xff)] as number) ^
      (tables[256 + ((four >>> 16) & 0xff)] as number) ^
      (tables[four >>> 24] as number)
  }
  for (; at < to; at++) sum = (sum >>> 8) ^ (tables[(sum ^ (bytes[at] as number)) & 0xff] as number)
  return ~sum >>> 0
}
