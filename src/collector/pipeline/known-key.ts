import { pointerToken } from './canonical-text.ts'

export interface KnownKey {
  readonly key: string
  /** The key as JSON, and the colon behind it. */
  readonly prefix: string
  /** The same behind a comma. */
  readonly separated: string
  /** Where its values stand when they become payloads: the object that was asked for last, and the role in it. */
  role: { readonly pointer: string; readonly text: string } | undefined
  /** Its values are content: they never stand in a record. */
  readonly content: boolean
  /** The policy keeps nothing of its texts, but where it names places in JSON. */
  readonly limited: boolean
  /** Its numbers are secrets whatever they are (`pin`). */
  readonly secretNumbers: boolean
  /** Canonical JSON of short values that were found clean; undefined once there are too many different ones. */
  cleanValues: Map<string, string> | undefined
}

const REMEMBERED_VALUES = 64
/** Longer texts seldom come again. */
export const REMEMBERED_LENGTH = 64

/** Models, providers and the like come again in every span. Only what was found clean is remembered: unchanged text. */
export function remember(known: KnownKey, value: string, json: string): void {
  if (known.cleanValues === undefined || value.length > REMEMBERED_LENGTH || json !== JSON.stringify(value)) return
  if (known.cleanValues.size >= REMEMBERED_VALUES) known.cleanValues = undefined
  else known.cleanValues.set(value, json)
}

/** A JSON pointer to the attribute. Asked for again and again with the same pointer, it is made once. */
export function roleOf(known: KnownKey, pointer: string): string {
  if (known.role?.pointer !== pointer) known.role = { pointer, text: `${pointer}/${pointerToken(known.key)}` }
  return known.role.text
}
