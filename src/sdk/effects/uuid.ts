import nodeCrypto from 'node:crypto'

const UUID_BYTES = 16
const POOL_BYTES = 256 * UUID_BYTES
const { randomFillSync } = nodeCrypto
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Version 4 UUIDs from random bytes that are drawn many at a time, as Node draws its own. `take` is given where the 16 bytes stand. */
export function drawUuid(take: ((bytes: Uint8Array, start: number) => void) | undefined): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += UUID_BYTES
  // RFC 9562 section 5.4: version 4, variant 10.
  pool[start + 6] = ((pool[start + 6] ?? 0) & 0x0f) | 0x40
  pool[start + 8] = ((pool[start + 8] ?? 0) & 0x3f) | 0x80
  take?.(pool, start)
  return uuidText(pool, start)
}

/** Sixteen bytes as a UUID is written. */
export function uuidText(bytes: Uint8Array, start: number): string {
  let text = ''
  for (let at = 0; at < UUID_BYTES; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += '-'
    text += HEX[bytes[start + at] ?? 0]
  }
  return text
}
