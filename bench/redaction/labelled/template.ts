import { fillIdentifiers } from './identifiers.ts'
import type { Chance } from './random.ts'

/** A text, and what must not be left of it. */
export interface FilledCase {
  readonly group: string
  readonly text: string
  /** Empty where nothing is to be found. */
  readonly secrets: readonly string[]
}

/** A template whose secrets stand in «guillemets», filled in. */
export function fillTemplate(chance: Chance, group: string, template: string): FilledCase {
  const filled = fillIdentifiers(chance, template)
  return { group, text: filled.replace(/[«»]/g, ''), secrets: [...filled.matchAll(/«([^»]*)»/g)].map((match) => match[1] ?? '') }
}
