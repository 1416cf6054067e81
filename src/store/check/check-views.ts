import { statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { RepriseError } from '../../schemas/index.ts'
import { namesIn } from '../files/durable.ts'
import { readRedactionKey } from '../files/key-file.ts'
import type { Layout } from '../files/layout.ts'
import { openCursorFile } from '../views/cursor.ts'
import type { Problems } from './problems.ts'

const CURSOR = /^(?<name>[a-z0-9][a-z0-9._-]{0,99})\.json$/

/** Each view's place must be one that the tape has: one behind its end has seen a tape that is gone. Returns how many there are. */
export function checkViews(layout: Layout, headGroup: () => number, problems: Problems): number {
  let views = 0
  for (const file of namesIn(layout.views).sort()) {
    const name = CURSOR.exec(file)?.groups?.['name']
    if (name === undefined) continue
    views++
    const path = relative(layout.dir, join(layout.views, file))
    try {
      const { group, line } = openCursorFile(layout, name).read()
      const next = headGroup() + 1
      if (group < next || (group === next && line === 0)) continue
      const message = `it has seen group ${line > 0 ? group : group - 1}, the tape ends with group ${next - 1}: an older copy of the tape was put in place`
      problems.add({ code: 'view_cursor', file: path, group, line, message })
    } catch (error) {
      if (!RepriseError.isInstance(error)) throw error
      problems.add({ code: 'view_cursor', file: path, message: error.message })
    }
  }
  return views
}

export function checkKey(layout: Layout, problems: Problems): void {
  try {
    readRedactionKey(layout)
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    problems.add({ code: 'key_damaged', file: relative(layout.dir, layout.redactionKey), message: error.message })
  }
}

/** What opening put aside after crashes. */
export function readCut(layout: Layout): { files: number; bytes: number } {
  const names = namesIn(layout.cut)
  return {
    files: names.length,
    bytes: names.reduce((sum, name) => sum + (statSync(join(layout.cut, name), { throwIfNoEntry: false })?.size ?? 0), 0),
  }
}
