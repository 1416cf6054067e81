import { makeRandom } from '../corpus.ts'

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()
const DIGITS = '0123456789'
const ALPHABETS: Readonly<Record<string, string>> = {
  A: UPPER + LOWER + DIGITS,
  a: UPPER + LOWER,
  L: LOWER + DIGITS,
  l: LOWER,
  U: UPPER + DIGITS,
  u: UPPER,
  D: DIGITS,
  H: `${DIGITS}abcdef`,
  h: `${DIGITS}ABCDEF`,
  B: `${UPPER}${LOWER}${DIGITS}+/`,
  S: `${UPPER}${LOWER}${DIGITS}-_`,
  E: `${UPPER}234567`,
}

/** Seeded choices, so that the set is the same on every machine. */
export class Chance {
  readonly next: () => number
  constructor(seed: number) {
    this.next = makeRandom(seed)
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
  run(kind: string, length: number): string {
    const alphabet = ALPHABETS[kind] ?? kind
    for (let attempt = 0; ; attempt++) {
      let text = ''
      while (text.length < length) text += alphabet[this.below(alphabet.length)]
      // Issuers draw from all of the alphabet; of a short run by chance nothing but letters would come.
      const isMixed = !'ABS'.includes(kind) || length < 12 || (/[0-9]/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text))
      if (
        (isMixed &&
          (kind !== 'S' || !/^[-_]|[-_]$/.test(text)) &&
          (!'LHUh'.includes(kind) || length < 8 || /[0-9].*[A-Za-z]|[A-Za-z].*[0-9]/.test(text))) ||
        attempt > 50
      )
        return text
    }
  }
  digits(length: number): string {
    return this.run('D', length)
  }
  uuid(): string {
    const hex = this.run('H', 32)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${'89ab'[this.below(4)]}${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  /** `{A40}`: 40 of the alphabet; `{A20-24}`: between; `{X}`: a UUID. The rest stands for itself. */
  fill(format: string): string {
    return format.replace(/\{([A-Za-z])([0-9]*)(?:-([0-9]+))?\}/g, (_, kind: string, low: string, high: string | undefined) => {
      if (kind === 'X') return this.uuid()
      const least = Number(low)
      return this.run(kind, high === undefined ? least : least + this.below(Number(high) - least + 1))
    })
  }
}
