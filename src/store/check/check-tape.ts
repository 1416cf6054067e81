import { relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Layout } from '../files/layout.ts'
import { CORE_OFFSET, coreEndOf, digestTextOf, GroupDigest, NO_DIGEST } from '../tape/group-digest.ts'
import { type IsBacked, NO_MARK, type PackMark } from '../tape/group-header.ts'
import { type GroupEntry, SegmentView } from '../tape/segment-view.ts'
import { NO_HEAD, type Tape } from '../tape/tape.ts'
import type { TapeHead } from '../types.ts'
import type { Problems } from './problems.ts'

const NEWLINE = 0x0a

export interface LinePlace {
  readonly file: string
  readonly group: number
  readonly line: number
}

export interface TapeCheck {
  readonly groups: number
  readonly records: number
  readonly head: TapeHead
  readonly unfinishedBytes: number
  /** Where the last group is there without its blobs: how far the packs reach without it. */
  readonly unbackedFrom: PackMark | undefined
}

/** Walks every frame of the tape: headers, crc, numbers, chain and digests; hands each line on. */
export async function checkTape(
  layout: Layout,
  tape: Tape,
  problems: Problems,
  isBacked: IsBacked,
  onLine: (text: string, place: LinePlace) => void,
  onGroup: (group: number, records: number) => void,
): Promise<TapeCheck> {
  const last = tape.head().group
  tape.refresh()
  const segments = tape.segments()
  let expected = 0
  let previous = NO_DIGEST
  let groups = 0
  let records = 0
  let unfinishedBytes = 0
  let head = NO_HEAD
  let mark = NO_MARK
  let unbackedFrom: PackMark | undefined
  for (const [index, first] of segments.entries()) {
    const view = new SegmentView(tape.segmentFile(first), first)
    try {
      view.scan()
      const file = relative(layout.dir, view.path)
      const end = segments[index + 1] ?? Number.POSITIVE_INFINITY
      for (const { offset, end: to } of view.damage) {
        problems.add({ code: 'frame_damaged', file, offset, message: `${to - offset} bytes at ${offset} are no frames` })
      }
      for (const entry of view.entries) {
        // A group that a later segment has again, or that is not acknowledged yet, is void; so is a last one without its blobs.
        const isLast = index === segments.length - 1 && entry === view.entries.at(-1) && !view.sealed
        const isUnbacked = isLast && entry.group <= last && !isBacked(mark, entry.mark)
        if (isUnbacked) unbackedFrom = mark
        if (entry.group >= end || entry.group > last || isUnbacked) {
          unfinishedBytes += entry.end - entry.offset
          continue
        }
        if (entry.group !== expected) {
          problems.add({
            code: 'group_missing',
            file,
            group: expected,
            offset: entry.offset,
            message: `group ${entry.group} stands where group ${expected} should`,
          })
        } else if (!entry.previous.equals(previous)) {
          problems.add({
            code: 'chain_broken',
            file,
            group: entry.group,
            offset: entry.offset,
            message: `group ${entry.group} names another group before it than group ${entry.group - 1}`,
          })
        }
        expected = entry.group + 1
        previous = entry.digest
        mark = entry.mark
        head = { group: entry.group, digest: digestTextOf(entry.digest) }
        groups++
        records += entry.records
        checkGroup(view, entry, file, problems, onLine)
        onGroup(entry.group, records)
        await nextTurn()
      }
      const rest = view.sizeBytes() - view.scannedTo
      if (rest > 0 && index < segments.length - 1 && expected !== end) {
        problems.add({ code: 'frame_damaged', file, offset: view.scannedTo, message: `${rest} bytes at ${view.scannedTo} are no frames` })
      } else unfinishedBytes += rest
    } finally {
      view.close()
    }
  }
  return { groups, records, head, unfinishedBytes, unbackedFrom }
}

function checkGroup(
  view: SegmentView,
  entry: GroupEntry,
  file: string,
  problems: Problems,
  onLine: (text: string, place: LinePlace) => void,
): void {
  const { group, offset } = entry
  const damaged = (message: string): void =>
    problems.add({ code: 'group_damaged', file, group, offset, message: `group ${group}: ${message}` })
  const content = view.readContent(entry)
  if (content === undefined) return damaged('its stored bytes are not those that were written')
  const digest = new GroupDigest(entry.previous, entry.records)
  let line = 0
  let at = 0
  for (; at < content.length && line < entry.records; line++) {
    const end = content.indexOf(NEWLINE, at)
    if (end === -1) break
    const bytes = content.subarray(at, end)
    const coreEnd = coreEndOf(bytes)
    if (coreEnd < CORE_OFFSET) return damaged(`line ${line} is not {"core":…,"refs":[…]}`)
    onLine(bytes.toString('utf8'), { file, group, line })
    digest.addCore(content, at + CORE_OFFSET, at + coreEnd)
    at = end + 1
  }
  if (line !== entry.records || at !== content.length) return damaged(`it does not hold ${entry.records} lines`)
  if (!digest.finish().equals(entry.digest)) {
    problems.add({ code: 'group_digest', file, group, offset, message: `group ${group}: its digest is not that of its records` })
  }
}
