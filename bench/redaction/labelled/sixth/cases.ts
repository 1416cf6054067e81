import { Chance } from '../random.ts'
import { startIbans } from './accounts.ts'
import { cleanTexts } from './clean.ts'
import { IDENTIFIERS, type Identifier } from './identifiers.ts'
import { fill, type SecretKind, type Value } from './kinds.ts'
import { NAMED_KINDS } from './named.ts'
import { PLACES, type Place } from './places.ts'
import { SECRET_KINDS } from './secret-formats.ts'
import { BARE, SENTENCES, STRUCTURES } from './sentences.ts'

/** How many of a group were found when the set was first run. */
export const SIXTH_FIRST_FOUND: Readonly<Record<string, number>> = {
  'known format': 1725,
  named: 331,
  'checksummed personal data': 902,
  'look-alikes': 342,
}

/** How many of a group are still missed, where any are. */
export const SIXTH_KNOWN_MISSED: Readonly<Record<string, number>> = { 'known format': 5 }

export type SixthCase = { group: string; kind: string; place: string; text: string; secrets: string[] }

/** Names that a value gets where its issuer's is not asked for; some say that it is a secret, some do not. */
const NAMES = [
  'API_KEY',
  'ACCESS_TOKEN',
  'AUTH',
  'SERVICE_KEY',
  'UPSTREAM',
  'CLIENT_A',
  'VALUE',
  'REMOTE',
  'CREDENTIAL',
  'MAIN_ENTRY',
  'SECOND',
]

/** All texts in a JSON text, those within texts too. */
function readable(text: string): string {
  let found = text
  const walk = (value: unknown): void => {
    if (typeof value === 'string') {
      found += `\n${value}`
      if (/^[{[]/.test(value)) {
        try {
          walk(JSON.parse(value))
        } catch {
          // A text that only begins like JSON.
        }
      }
    } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) walk(part)
  }
  walk(JSON.parse(text))
  return found
}

function shuffled<T>(c: Chance, list: readonly T[]): T[] {
  const result = [...list]
  for (let place = result.length - 1; place > 0; place--) {
    const other = c.below(place + 1)
    ;[result[place], result[other]] = [result[other]!, result[place]!]
  }
  return result
}

function inPlaces(c: Chance, group: string, kind: SecretKind, places: readonly Place[], count: number, name?: string): SixthCase[] {
  const cases: SixthCase[] = []
  for (const place of shuffled(c, places)) {
    if (cases.length === count) break
    const value: Value = kind.make(c)
    if (!place.fits.includes(value.text.includes('\n') ? 'block' : kind.shape)) continue
    const text = place.make(c, value.text, name ?? c.pick(NAMES))
    const shown = place.json === true ? readable(text) : text
    if (value.secrets.every((secret) => shown.includes(secret))) {
      cases.push({ group, kind: kind.name, place: place.name, text, secrets: [...value.secrets] })
    }
  }
  return cases
}

function personal(c: Chance, kind: Identifier): SixthCase[] {
  return Array.from({ length: kind.times }, (_, index) => {
    const value = kind.make(c)
    const language = c.pick(Object.keys(kind.words))
    const label = c.pick(kind.words[language]!)
    const frames = SENTENCES[language]!
    const turn = kind.alone ? index % 3 : index % 2
    if (turn === 2) {
      const text = c.pick(BARE).replace('%V', () => value)
      return { group: 'checksummed personal data', kind: kind.name, place: 'alone', text, secrets: [value] }
    }
    const text =
      turn === 0
        ? (frames[(index >> 1) % frames.length] ?? '%L: %V').replace('%L', label).replace('%V', () => value)
        : c.pick(STRUCTURES)(c, label, value)
    return { group: 'checksummed personal data', kind: kind.name, place: turn === 0 ? 'sentence' : 'structure', text, secrets: [value] }
  })
}

export function sixthCases(seed = 20260): SixthCase[] {
  const c = new Chance(seed)
  startIbans()
  const naming = PLACES.filter((place) => place.names)
  const cases = SECRET_KINDS.flatMap((kind) => inPlaces(c, 'known format', kind, PLACES, 4))
  for (const [name, format] of NAMED_KINDS) {
    const make = (chance: Chance): Value => {
      const text = fill(chance, format)
      return { text, secrets: [text] }
    }
    cases.push(...inPlaces(c, 'named', { name, shape: 'token', make }, naming, 3, name))
  }
  for (const kind of IDENTIFIERS) cases.push(...personal(c, kind))
  for (const { kind, text } of cleanTexts(c)) cases.push({ group: 'look-alikes', kind, place: 'text', text, secrets: [] })
  return cases
}
