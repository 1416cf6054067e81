import { fillIdentifiers } from './identifiers.ts'
import { Chance } from './random.ts'
import { UNSEEN_CLEAN } from './unseen-clean.ts'
import { UNSEEN_CREDENTIALS } from './unseen-credentials.ts'
import { UNSEEN_PERSONAL } from './unseen-personal.ts'
import { UNSEEN_BARE_PLACES, UNSEEN_PLACES } from './unseen-places.ts'
import { UNSEEN_FORMATS } from './unseen-secrets.ts'
import { UNSEEN_SPOKEN } from './unseen-spoken.ts'

export interface UnseenCase {
  readonly group: string
  readonly text: string
  /** Empty where nothing is to be found. */
  readonly secrets: readonly string[]
}

/** How many of a group are still missed, where any are. */
export const UNSEEN_KNOWN_MISSED: Readonly<Record<string, number>> = {
  'keys of clouds and databases, under a name': 2,
  'keys of source, registries, CI, under a name': 3,
  'keys of chat, mail, payment, services, under a name': 2,
  'infrastructure and state': 2,
  'JSON and code': 1,
  'prose and other tongues': 1,
  'e-mail addresses': 1,
}

/** Keys that have a form of their own are told without a name beside them. */
const HAS_FORM = /^(?:[A-Za-z]{2,12}[-_.][^{]*\{|[A-Za-z0-9+/_.:~-]{4,}\{|https?:)/

function fill(chance: Chance, group: string, template: string): UnseenCase {
  const filled = fillIdentifiers(chance, template)
  return { group, text: filled.replace(/[«»]/g, ''), secrets: [...filled.matchAll(/«([^»]*)»/g)].map((match) => match[1] ?? '') }
}

const placed = (place: string, name: string, value: string): string =>
  place.replace(/[NV]/g, (mark, at: number, whole: string) => {
    const isAlone = !/[A-Za-z]/.test(whole[at - 1] ?? ' ') && !/[A-Za-z]/.test(whole[at + 1] ?? ' ')
    return !isAlone ? mark : mark === 'N' ? name : `«${value}»`
  })

/** Each format in three places under its name, and in one without where it has a form of its own. */
function secretCases(chance: Chance): UnseenCase[] {
  const cases: UnseenCase[] = []
  let turn = 0
  for (const [group, formats] of Object.entries(UNSEEN_FORMATS)) {
    for (const entry of formats) {
      const [name = '', format = ''] = entry.split(/ (.*)/s)
      for (let round = 0; round < 3; round++)
        cases.push(fill(chance, `keys of ${group}, under a name`, placed(UNSEEN_PLACES[turn++ % UNSEEN_PLACES.length] ?? '', name, format)))
      if (HAS_FORM.test(format))
        cases.push(
          fill(chance, `keys of ${group}, by form`, placed(UNSEEN_BARE_PLACES[turn % UNSEEN_BARE_PLACES.length] ?? '', name, format)),
        )
    }
  }
  return cases
}

/** The third set of cases, filled in with seeded chance: the same everywhere. */
export function unseenCases(): UnseenCase[] {
  const chance = new Chance(20261122)
  const groups = (all: Readonly<Record<string, readonly string[]>>): UnseenCase[] =>
    Object.entries(all).flatMap(([group, templates]) => templates.map((template) => fill(chance, group, template)))
  return [
    ...secretCases(chance),
    ...groups(UNSEEN_CREDENTIALS),
    ...groups(UNSEEN_SPOKEN),
    ...groups(UNSEEN_PERSONAL),
    ...UNSEEN_CLEAN.map((template) => fill(chance, 'look-alikes', template)),
  ]
}
