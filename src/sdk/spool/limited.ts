import { isContentAttribute, isMetadataAttribute } from '../../adapters/dialects/index.ts'
import type { Redactor } from '../../redaction/index.ts'

/** Stands where a policy keeps nothing of what was written. */
export const WITHHELD = '[withheld]'

/** Whether the policy keeps nothing of what stands under this attribute: of its numbers only where they are content themselves. */
export function isWithheldAttribute(redactor: Redactor, key: string, isNumber: boolean): boolean {
  const { limits } = redactor
  if (limits === undefined || limits.keepsAttribute(key)) return false
  return isNumber ? isContentAttribute(key) : !isMetadataAttribute(key)
}
