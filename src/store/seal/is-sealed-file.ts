import { closeSync, openSync } from 'node:fs'
import { readExactly } from '../frames/file-window.ts'
import { KIND_SEALED_GROUPS, KIND_SEALED_PACK, SKIPPABLE_PREFIX_BYTES, TAG } from '../frames/skippable.ts'

const KIND_AT = SKIPPABLE_PREFIX_BYTES + TAG.length + 1

/** Whether a segment or a pack begins as a sealed one does. */
export function isSealedFile(path: string): boolean {
  const fd = openSync(path, 'r')
  try {
    const head = readExactly(fd, 0, KIND_AT + 1)
    if (head === undefined || head.toString('latin1', SKIPPABLE_PREFIX_BYTES, SKIPPABLE_PREFIX_BYTES + TAG.length) !== TAG) return false
    return head[KIND_AT] === KIND_SEALED_GROUPS || head[KIND_AT] === KIND_SEALED_PACK
  } finally {
    closeSync(fd)
  }
}
