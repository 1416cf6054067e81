import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson, RepriseError } from '../../schemas/index.ts'
import { FILE_MODE, makeFolder, removeFile, syncFile, syncFolder, systemCodeOf } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import type { ViewCursor, ViewPosition } from '../types.ts'

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/
const START: ViewPosition = { group: 0, line: 0 }

/**
 * The durable place of a view that follows the tape. A save is atomic: after a crash the place is the new one or the one
 * before, so that a view repeats at most what it did since.
 */
export function openCursorFile(layout: Layout, name: string): ViewCursor {
  if (!NAME.test(name)) throw new RepriseError('invalid_argument', `view name '${name}': expected up to 100 of a-z, 0-9, '.', '_' and '-'`)
  const path = join(layout.views, `${name}.json`)
  let position = readPosition(path)
  let saving: Promise<void> = Promise.resolve()
  return {
    read: () => position,
    save: (group, line) => {
      if (!isPlace(group) || !isPlace(line))
        return Promise.reject(new RepriseError('invalid_argument', 'view position: expected whole numbers from 0'))
      position = { group, line }
      const saved = position
      // One after the other: the last save is what stays.
      saving = saving.catch(() => undefined).then(() => writePosition(layout, path, saved))
      return saving
    },
  }
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function readPosition(path: string): ViewPosition {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return START
    throw error
  }
  try {
    const value: unknown = parseJson(text)
    if (typeof value === 'object' && value !== null && 'group' in value && 'line' in value && isPlace(value.group) && isPlace(value.line)) {
      return { group: value.group, line: value.line }
    }
  } catch {
    // Falls through to the error below.
  }
  throw new RepriseError('integrity', `${path}: expected {"group":…,"line":…}`)
}

async function writePosition(layout: Layout, path: string, position: ViewPosition): Promise<void> {
  makeFolder(layout.views)
  const temporary = `${path}.tmp`
  try {
    const handle = await open(temporary, 'w', FILE_MODE)
    try {
      await handle.chmod(FILE_MODE)
      await handle.writeFile(`${JSON.stringify(position)}\n`)
      await syncFile(handle)
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    removeFile(temporary)
    throw new RepriseError('store_write_failed', `${path} could not be written`, { cause, retryable: true })
  }
  syncFolder(layout.views)
}
