import { Chance } from '../random.ts'
import { type FilledCase, fillTemplate } from '../template.ts'
import { THIRD_CLEAN } from './clean.ts'
import { THIRD_CREDENTIALS } from './credentials.ts'
import { THIRD_PERSONAL } from './personal.ts'
import { THIRD_BARE_PLACES, THIRD_PLACES } from './places.ts'
import { THIRD_FORMATS } from './secrets.ts'
import { THIRD_SPOKEN } from './spoken.ts'

/** How many of a group are still missed, where any are. */
export const THIRD_KNOWN_MISSED: Readonly<Record<string, number>> = {
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

const placed = (place: string, name: string, value: string): string =>
  place.replace(/[NV]/g, (mark, at: number, whole: string) => {
    const isAlone = !/[A-Za-z]/.test(whole[at - 1] ?? ' ') && !/[A-Za-z]/.test(whole[at + 1] ?? ' ')
    return !isAlone ? mark : mark === 'N' ? name : `«${value}»`
  })

/** Each format in three places under its name, and in one without where it has a form of its own. */
function secretCases(chance: Chance): FilledCase[] {
  const cases: FilledCase[] = []
  let turn = 0
  for (const [group, formats] of Object.entries(THIRD_FORMATS)) {
    for (const entry of formats) {
      const [name = '', format = ''] = entry.split(/ (.*)/s)
      for (let round = 0; round < 3; round++)
        cases.push(
          fillTemplate(chance, `keys of ${group}, under a name`, placed(THIRD_PLACES[turn++ % THIRD_PLACES.length] ?? '', name, format)),
        )
      if (HAS_FORM.test(format))
        cases.push(
          fillTemplate(chance, `keys of ${group}, by form`, placed(THIRD_BARE_PLACES[turn % THIRD_BARE_PLACES.length] ?? '', name, format)),
        )
    }
  }
  return cases
}

/** The third set of cases, filled in with seeded chance: the same everywhere. */
export function thirdCases(): FilledCase[] {
  const chance = new Chance(20261122)
  const groups = (all: Readonly<Record<string, readonly string[]>>): FilledCase[] =>
    Object.entries(all).flatMap(([group, templates]) => templates.map((template) => fillTemplate(chance, group, template)))
  return [
    ...secretCases(chance),
    ...groups(THIRD_CREDENTIALS),
    ...groups(THIRD_SPOKEN),
    ...groups(THIRD_PERSONAL),
    ...THIRD_CLEAN.map((template) => fillTemplate(chance, 'look-alikes', template)),
  ]
}
