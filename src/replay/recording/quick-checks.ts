import { jsonSchemaOf, type QuickCheck, quickCheckOf, SCHEMAS } from '../../schemas/records/index.ts'

/** Making a quick check takes as long as the validator needs for some hundreds of records. */
const WORTH_RECORDS = 300

const made = new Map<string, QuickCheck>()

/** The quick check of the records of that name, where there are so many to check that it is worth making; else one that leaves all to the validator. */
export function quickCheckFor(name: 'recording' | 'recorded-step', records: number): QuickCheck {
  const known = made.get(name)
  if (known !== undefined) return known
  const row = records < WORTH_RECORDS ? undefined : SCHEMAS.find((each) => each.name === name)
  if (row === undefined) return () => false
  const check = quickCheckOf(jsonSchemaOf(row))
  made.set(name, check)
  return check
}
