import { readFileSync } from 'node:fs'
import { parseJson } from '../../schemas/index.ts'
import { type QuickCheck, quickCheckOf } from '../../schemas/records/quick-check.ts'

const made = new Map<string, QuickCheck>()

/**
 * The quick check of the records of that name, from the schema that this package publishes: loading the validators takes longer than
 * reading most recordings. What it says no to is for the validator to judge, and so is everything where the schema is not to be had.
 */
export function quickCheckFor(name: 'recording' | 'recorded-step'): QuickCheck {
  let check = made.get(name)
  if (check === undefined) made.set(name, (check = makeCheck(name)))
  return check
}

function makeCheck(name: string): QuickCheck {
  try {
    return quickCheckOf(
      parseJson(readFileSync(new URL(`../../../schemas/${name}.v1.json`, import.meta.url), 'utf8')) as Record<string, unknown>,
    )
  } catch {
    return () => false
  }
}
