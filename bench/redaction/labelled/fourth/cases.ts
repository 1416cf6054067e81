import { Chance } from '../random.ts'
import { type FilledCase, fillTemplate } from '../template.ts'
import { FOURTH_CLEAN } from './clean.ts'
import { FOURTH_FORMS } from './forms.ts'
import { FOURTH_PERSONAL } from './personal.ts'
import { FOURTH_SPOKEN } from './spoken.ts'

/** How many were found when the set was first run. */
export const FOURTH_FIRST_FOUND: Readonly<Record<string, number>> = { credentials: 375, 'personal data': 165, 'look-alikes': 217 }

/** How many of a group are still missed, where any are. */
export const FOURTH_KNOWN_MISSED: Readonly<Record<string, number>> = {
  'files of more tools': 1,
  'logs and traces': 2,
  cards: 1,
  'national identifiers': 1,
  'dates and places': 1,
  'look-alikes': 1,
}

/** The fourth set of cases, filled in with seeded chance: the same everywhere. */
export function fourthCases(seed = 20261123): FilledCase[] {
  const chance = new Chance(seed)
  return [
    ...[...Object.entries(FOURTH_FORMS), ...Object.entries(FOURTH_SPOKEN), ...Object.entries(FOURTH_PERSONAL)].flatMap(
      ([group, templates]) => templates.map((template) => fillTemplate(chance, group, template)),
    ),
    ...FOURTH_CLEAN.map((template) => fillTemplate(chance, 'look-alikes', template)),
  ]
}
