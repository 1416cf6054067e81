import { Chance } from '../random.ts'
import { CLOUDS } from './known-clouds.ts'
import { DATA } from './known-data.ts'
import { HOSTING } from './known-hosting.ts'
import { KEYS } from './known-keys.ts'
import { LLM } from './known-llm.ts'
import { SERVICES } from './known-services.ts'
import { lookAlikes } from './look-alikes.ts'
import { NAMED } from './named.ts'
import { personalCases } from './personal.ts'
import { BLOCKS } from './places-block.ts'
import { CODE } from './places-code.ts'
import { type Place, SHELL } from './places-shell.ts'
import { TALK } from './places-talk.ts'
import type { Case, Kind } from './shapes.ts'

const LINES: readonly Place[] = [...SHELL, ...CODE, ...TALK]
const KNOWN: readonly Kind[] = [...CLOUDS, ...HOSTING, ...SERVICES, ...DATA, ...LLM, ...KEYS]

/** Each kind in `count` surroundings; the next kind goes on where the one before stopped. */
function placed(group: string, kinds: readonly Kind[], places: readonly Place[], count: number, c: Chance): Case[] {
  const cases: Case[] = []
  const next = new Map<readonly Place[], number>()
  for (const kind of kinds) {
    for (let turn = 0; turn < count; turn++) {
      const { text, secrets } = kind.make(c)
      const list = text.includes('\n') ? BLOCKS : places
      const at = next.get(list) ?? 0
      next.set(list, at + 1)
      const where = list[(at * 17 + Math.floor(at / list.length)) % list.length] as Place
      cases.push({ group, kind: kind.kind, place: where.place, text: where.put({ name: kind.variable, text }, c), secrets })
    }
  }
  return cases
}

/** How many of a group were found when the set was first run. */
export const SEVENTH_FIRST_FOUND: Readonly<Record<string, number>> = {
  'known format': 1830,
  named: 395,
  'checksummed personal data': 896,
  'look-alikes': 214,
}

/** How many of a group are still missed, where any are. */
export const SEVENTH_KNOWN_MISSED: Readonly<Record<string, number>> = { 'known format': 1, named: 1, 'look-alikes': 1 }

export function seventhCases(seed = 7707): { group: string; kind: string; place: string; text: string; secrets: string[] }[] {
  const beside = LINES.filter((where) => where.beside)
  return [
    ...placed('known format', KNOWN, LINES, 5, new Chance(seed)),
    ...placed('named', NAMED, beside, 5, new Chance(seed + 1)),
    ...personalCases(new Chance(seed + 2)),
    ...lookAlikes(new Chance(seed + 3)),
  ]
}
