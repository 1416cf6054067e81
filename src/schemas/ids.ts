import { randomFillSync } from 'node:crypto'

// One system call per 4 KiB instead of one per id.
const POOL_BYTES = 4096
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

function randomHex(bytes: number): string {
  for (;;) {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const hex = pool.toString('hex', used, used + bytes)
    // Spent bytes are wiped: a later heap dump must not show the salts of payloads that were erased since.
    pool.fill(0, used, used + bytes)
    used += bytes
    // W3C Trace Context: an id of all zeros is invalid.
    if (!/^0+$/.test(hex)) return hex
  }
}

/** A span id: 8 random bytes as 16 lowercase hex digits, never all zeros. */
export function randomId16(): string {
  return randomHex(8)
}

/** A trace or run id: 16 random bytes as 32 lowercase hex digits, never all zeros. */
export function randomId32(): string {
  return randomHex(16)
}

/** The salt of one payload reference: 32 random bytes as 64 lowercase hex digits. */
export function randomSaltHex(): string {
  return randomHex(32)
}
