import { readFileSync, statSync } from 'node:fs'
import { parseJson, RepriseError } from '../../schemas/index.ts'
import { replaceFile, systemCodeOf } from './durable.ts'
import { type Layout, listNumbered } from './layout.ts'

/**
 * Of the layout on disk. 1: every group and blob in a frame of its own. 2: closed segments and packs may be sealed. A store of
 * an earlier format is upgraded when it is opened for writing; one of a later format is refused and not touched.
 */
export const STORE_FORMAT = 2

/** The format of the store; undefined when there is none. Throws `store_version`, `integrity`. */
export function readFormat(layout: Layout): number | undefined {
  let text: string
  try {
    text = readFileSync(layout.format, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'ENOTDIR') throw error
    if (listNumbered(layout.segments).length > 0) {
      throw new RepriseError('integrity', `${layout.format} is missing although there are segments: expected {"format":${STORE_FORMAT}}`)
    }
    return undefined
  }
  const format = formatOf(text)
  if (format === undefined) throw new RepriseError('integrity', `${layout.format}: expected {"format":${STORE_FORMAT}}`)
  if (format > STORE_FORMAT) {
    throw new RepriseError(
      'store_version',
      `${layout.dir} has store format ${format}; this version of Reprise knows formats up to ${STORE_FORMAT}. Use the version that wrote it, or a later one; there is no way back to an earlier format.`,
      { details: { format, known: STORE_FORMAT } },
    )
  }
  return format
}

function formatOf(text: string): number | undefined {
  try {
    const value: unknown = parseJson(text)
    if (typeof value !== 'object' || value === null || !('format' in value)) return undefined
    return Number.isSafeInteger(value.format) && Number(value.format) >= 1 ? Number(value.format) : undefined
  } catch {
    return undefined
  }
}

export function writeFormat(layout: Layout, format: number = STORE_FORMAT): void {
  replaceFile(layout.format, `{"format":${format}}\n`)
}

/** @throws RepriseError `invalid_argument` where a file stands at the place of the store's folder */
export function refuseFile({ dir }: Layout): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new RepriseError('invalid_argument', `${dir} is no folder; a store is one`)
}
