import { fillIdentifiers } from './identifiers.ts'
import { LATER_CLEAN } from './later-clean.ts'
import { LATER_FORMS } from './later-forms.ts'
import { LATER_PERSONAL } from './later-personal.ts'
import { LATER_SPOKEN } from './later-spoken.ts'
import { Chance } from './random.ts'
import type { UnseenCase } from './unseen.ts'

function fill(chance: Chance, group: string, template: string): UnseenCase {
  const filled = fillIdentifiers(chance, template)
  return { group, text: filled.replace(/[«»]/g, ''), secrets: [...filled.matchAll(/«([^»]*)»/g)].map((match) => match[1] ?? '') }
}

/** How many were found when the fourth set was first run, and when the fifth was. */
export const LATER_FIRST_FOUND: Readonly<Record<string, number>> = { credentials: 375, 'personal data': 165, 'look-alikes': 217 }
export const SECOND_FIRST_FOUND: Readonly<Record<string, number>> = { credentials: 229, 'personal data': 59, 'look-alikes': 60 }

/** How many of a group are still missed, where any are. */
export const LATER_KNOWN_MISSED: Readonly<Record<string, number>> = {
  'files of more tools': 1,
  'logs and traces': 2,
  cards: 1,
  'national identifiers': 1,
  'dates and places': 1,
  'look-alikes': 1,
}
/** The same of the fifth. */
export const SECOND_KNOWN_MISSED: Readonly<Record<string, number>> = { prose: 1 }

/** The fourth set of cases, filled in with seeded chance: the same everywhere. */
export function laterCases(seed = 20261123): UnseenCase[] {
  const chance = new Chance(seed)
  return [
    ...[...Object.entries(LATER_FORMS), ...Object.entries(LATER_SPOKEN), ...Object.entries(LATER_PERSONAL)].flatMap(([group, templates]) =>
      templates.map((template) => fill(chance, group, template)),
    ),
    ...LATER_CLEAN.map((template) => fill(chance, 'look-alikes', template)),
  ]
}
