import { randomFillSync } from 'node:crypto'
import { randomId16 } from '../../schemas/index.ts'

// Ids by the block: one call into the system, and one into hex, for 512 of them. Span ids are public; no wiping is needed.
const BLOCK_BYTES = 4096
const DIGITS = 16
const block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
let hex = ''
let used = 0

/** A span id: 16 hex digits, never all zeros. */
export function nextSpanId(): string {
  if (used >= hex.length) {
    hex = randomFillSync(block).toString('hex')
    used = 0
  }
  const id = hex.slice(used, used + DIGITS)
  used += DIGITS
  return id === '0000000000000000' ? randomId16() : id
}
