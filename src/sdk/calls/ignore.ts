import { ATTR, RepriseError } from '../../schemas/index.ts'
import type { CallSpec } from './call-spec.ts'

const MAX_POINTERS = 16
const MAX_CHARACTERS = 256
/** A member of the list of arguments at least; `~` escapes itself and the slash (RFC 6901, section 3). */
const POINTER = /^\/(?:\d+|\*)(?:\/(?:[^/~]|~[01])*)*$/

/** The part of a call's description that says what a replay does not match it by. */
export function ignoring({ ignore }: { readonly ignore?: readonly string[] }): Pick<CallSpec, 'attributes'> {
  if (ignore === undefined || (Array.isArray(ignore) && ignore.length === 0)) return {}
  if (!Array.isArray(ignore) || ignore.length > MAX_POINTERS || ignore.join('').length > MAX_CHARACTERS)
    throw new RepriseError(
      'invalid_option',
      `ignore: expected at most ${MAX_POINTERS} JSON pointers of ${MAX_CHARACTERS} characters together`,
    )
  for (const pointer of ignore as readonly unknown[])
    if (typeof pointer !== 'string' || !POINTER.test(pointer))
      throw new RepriseError(
        'invalid_option',
        `ignore: expected a JSON pointer into the arguments such as /0/id, found ${JSON.stringify(pointer)}`,
      )
  return { attributes: { [ATTR.ignored]: [...(ignore as readonly string[])] } }
}
