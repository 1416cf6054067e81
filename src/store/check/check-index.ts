import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import type { Layout } from '../files/layout.ts'
import { compareIndexes, MADE } from '../index/compare-index.ts'
import { IndexDatabase, isFull, numberOf } from '../index/database.ts'
import { IndexWriter } from '../index/index-writer.ts'
import { isOfTape } from '../index/tape-match.ts'
import { Tape } from '../tape/tape.ts'
import type { Problems } from './problems.ts'

const COPY_TRIES = 3
/** Lines that one transaction takes in. */
const LINES_AT_ONCE = 20_000

/**
 * Compares the index with one that is made from the tape, as far as it has followed that. An index is derived: that there is none,
 * or one that the next opening makes anew since it does not open or is of another version or tape, is no problem. The tape must
 * be sound. Resolves to how many records contradict the one of their step that stands, where that was looked at.
 *
 * @throws RepriseError `store_write_failed` where the folder for temporary files has no room for that
 */
export async function checkIndex(
  layout: Layout,
  problems: Problems,
  onProgress: (done: number, total: number) => void,
): Promise<number | undefined> {
  if (!existsSync(layout.index)) return undefined
  const file = relative(layout.dir, layout.index)
  const folder = mkdtempSync(join(tmpdir(), 'reprise-verify-'))
  let found: IndexDatabase | undefined
  let made: IndexDatabase | undefined
  try {
    // A copy first: to open an index can make files beside it. One that changes meanwhile is open in another process already.
    found = IndexDatabase.openForReading(copyIndex(layout.index, join(folder, 'copy.db')) ?? layout.index)
    if (found === undefined) return undefined
    const path = join(folder, 'made.db')
    made = IndexDatabase.create(path)
    // It is thrown away: a crash may take it.
    made.exec('PRAGMA synchronous = OFF')
    found.attach(path, MADE)
    found.exec('BEGIN')
    const damage = found.all('PRAGMA main.integrity_check(1)').map((row) => String(Object.values(row)[0]))[0]
    if (damage !== 'ok') throw new Error(damage)
    const tape = new Tape(layout, 0)
    const earlier = new Tape(layout)
    try {
      // One that has not begun has no place yet.
      if (found.meta('group') === undefined || !isOfTape(found, tape)) return undefined
      await makeIndex(
        new IndexWriter(made, (group, line) => earlier.readLine(group, line)),
        tape,
        Number(found.meta('group') ?? 0),
        Number(found.meta('line') ?? 0),
        onProgress,
      )
      const differing = await differingTables(found)
      if (differing.length > 0) {
        const message = `it does not say what the tape says (${differing.join(', ')}); \`reprise reindex\` makes it anew`
        problems.add({ code: 'index_differs', file, message })
      }
      return numberOf(made.get('SELECT coalesce(sum(conflicts), 0) AS conflicts FROM runs') ?? {}, 'conflicts')
    } finally {
      tape.close()
      earlier.close()
    }
  } catch (error) {
    if (isFull(error)) {
      const message = `the index cannot be compared with the tape: there is no room for that in ${tmpdir()}`
      throw new RepriseError('store_write_failed', message, { cause: error, retryable: true, details: { system: 'ENOSPC' } })
    }
    const message = error instanceof Error ? error.message : String(error)
    problems.add({ code: 'index_damaged', file, message: `it cannot be read: ${message}; \`reprise reindex\` makes it anew` })
    return undefined
  } finally {
    found?.close()
    made?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A copy that stood still while it was made; undefined where that does not come about. */
function copyIndex(path: string, copy: string): string | undefined {
  for (let tries = 0; tries < COPY_TRIES; tries++) {
    const before = stateOf(path)
    copyFileSync(path, copy, constants.COPYFILE_FICLONE)
    rmSync(`${copy}-wal`, { force: true })
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE)
    if (stateOf(path) === before) return copy
  }
  return undefined
}

function stateOf(path: string): string {
  return ['', '-wal']
    .map((suffix) => {
      const found = statSync(`${path}${suffix}`, { bigint: true, throwIfNoEntry: false })
      return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeNs}`
    })
    .join()
}

async function makeIndex(
  writer: IndexWriter,
  tape: Tape,
  toGroup: number,
  toLine: number,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  let waiting = 0
  writer.begin()
  for (let group = 0; group <= toGroup; group++) {
    if (group === toGroup && toLine === 0) break
    const { content, starts } = tape.readContent(group)
    const lines = Math.min(starts.length - 1, group === toGroup ? toLine : Number.POSITIVE_INFINITY)
    for (let line = 0; line < lines; line++) writer.add(group, line, content, starts[line] ?? 0, (starts[line + 1] ?? 0) - 1)
    waiting += lines
    if (waiting < LINES_AT_ONCE) continue
    writer.commit({ group: group + 1, line: 0 }, '')
    waiting = 0
    onProgress(group + 1, toGroup)
    await nextTurn()
    writer.begin()
  }
  writer.commit({ group: toGroup, line: toLine }, '')
}

async function differingTables(database: IndexDatabase): Promise<string[]> {
  const comparison = compareIndexes(database)
  for (;;) {
    const { done, value } = comparison.next()
    if (done === true) return value
    await nextTurn()
  }
}
