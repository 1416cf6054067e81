import { RepriseError } from '../../schemas/index.ts'
import { systemCodeOf } from './durable.ts'

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'it is full',
  EDQUOT: 'a quota is used up',
  EFBIG: 'a file would be larger than is allowed',
  EROFS: 'it can only be read',
  EACCES: 'this user may not write in the store folder',
  EPERM: 'the store folder may not be changed',
  ENOENT: 'the store folder is not there: removed, moved or hidden, or a link to nothing',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
  EIO: 'the device failed',
}
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What an error code of the system says of the disk. */
export function diskWords(code: string): string | undefined {
  return WORDS[code]
}

export function isFullCode(code: string): boolean {
  return FULL.has(code)
}

/** Whether room on the disk is all that was missing. */
export function isNoRoom(error: unknown): boolean {
  return isFullCode(systemCodeOf(error) ?? '')
}

/** For whoever wanted to write what the sentence names; an error that is none of the disk's stays what it is. */
export function diskError(what: string, cause: unknown): unknown {
  const system = RepriseError.isInstance(cause) ? undefined : systemCodeOf(cause)
  const words = system === undefined ? undefined : diskWords(system)
  if (system === undefined || words === undefined) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new RepriseError('store_write_failed', `${what}: the disk refused it (${system}: ${words}): ${reason}`, {
    cause,
    retryable: true,
    details: { system },
  })
}
