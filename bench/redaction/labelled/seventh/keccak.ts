const MASK = (1n << 64n) - 1n
const turn = (word: bigint, by: number): bigint => (by === 0 ? word : ((word << BigInt(by)) | (word >> BigInt(64 - by))) & MASK)

function constants(): bigint[] {
  const list: bigint[] = []
  let state = 1
  for (let round = 0; round < 24; round++) {
    let word = 0n
    for (let bit = 0; bit < 7; bit++) {
      if (state & 1) word ^= 1n << BigInt((1 << bit) - 1)
      state = state & 0x80 ? ((state << 1) ^ 0x171) & 0xff : state << 1
    }
    list.push(word)
  }
  return list
}
const ROUNDS = constants()

function permute(a: bigint[]): void {
  const at = (index: number): bigint => a[index] as bigint
  for (const constant of ROUNDS) {
    const column = [0, 1, 2, 3, 4].map((x) => at(x) ^ at(x + 5) ^ at(x + 10) ^ at(x + 15) ^ at(x + 20))
    for (let x = 0; x < 5; x++) {
      const mix = (column[(x + 4) % 5] as bigint) ^ turn(column[(x + 1) % 5] as bigint, 1)
      for (let y = 0; y < 25; y += 5) a[x + y] = at(x + y) ^ mix
    }
    let x = 1
    let y = 0
    let held = at(1)
    for (let step = 0; step < 24; step++) {
      ;[x, y] = [y, (2 * x + 3 * y) % 5]
      const next = at(x + 5 * y)
      a[x + 5 * y] = turn(held, (((step + 1) * (step + 2)) / 2) % 64)
      held = next
    }
    for (let row = 0; row < 25; row += 5) {
      const line = a.slice(row, row + 5)
      for (let col = 0; col < 5; col++) {
        a[row + col] = (line[col] as bigint) ^ (~(line[(col + 1) % 5] as bigint) & MASK & (line[(col + 2) % 5] as bigint))
      }
    }
    a[0] = at(0) ^ constant
  }
}

/** Keccak-256 of a text of up to 135 bytes, in hexadecimal. */
export function keccak256(text: string): string {
  const input = Buffer.alloc(136)
  const length = input.write(text, 'utf8')
  input[length] = 1
  input[135] = (input[135] ?? 0) | 0x80
  const state = Array.from({ length: 25 }, (_, at) => (at < 17 ? input.readBigUInt64LE(at * 8) : 0n))
  permute(state)
  const out = Buffer.alloc(32)
  for (let at = 0; at < 4; at++) out.writeBigUInt64LE(state[at] as bigint, at * 8)
  return out.toString('hex')
}
