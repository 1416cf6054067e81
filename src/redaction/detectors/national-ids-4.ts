import { ID_CHECKS, type IdCheck } from './national-ids.ts'
import { EUROPE_CHECKS_4 } from './national-ids-europe-4.ts'
import { WORLD_CHECKS_4 } from './national-ids-world-4.ts'

/** All that version 4 knows. */
export const NUMBER_CHECKS_4: Readonly<Record<string, IdCheck>> = { ...ID_CHECKS, ...EUROPE_CHECKS_4, ...WORLD_CHECKS_4 }

/** The check named, over what is written with separators. */
export function isNumber4(kind: string, written: string): boolean {
  return NUMBER_CHECKS_4[kind]?.(written.replace(/[^0-9A-Za-z]/g, '').toUpperCase()) === true
}
