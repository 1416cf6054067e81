import { RepriseError } from '../../schemas/index.ts'
import { checkStoreFolder, inspectStore, type StoreCheck, type StoreProblem } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'

const PROGRESS_MILLIS = 1_000
const STAGES = { groups: 'group', packs: 'pack', index: 'index, group' } as const

/** Checks every byte that the store vouches for. Reads files alone: works beside a collector and on a cold copy. */
export async function verify(settings: Settings, terminal: Terminal): Promise<number> {
  const started = performance.now()
  const check = await checkStoreFolder(settings.storeFolder, progressLines(settings, terminal))
  // A wrong path is not sound: a script that looks after a store is to hear of it.
  if (check.groups === 0 && check.problemCount === 0 && inspectStore(settings.storeFolder).format === undefined)
    throw new RepriseError('invalid_argument', `there is no store at ${settings.storeFolder}`)
  if (settings.json) writeLine(terminal.stdout, JSON.stringify(check))
  else for (const line of describe(check, performance.now() - started, terminal)) writeLine(terminal.stdout, line)
  return check.problemCount === 0 ? EXIT.ok : EXIT.integrity
}

function progressLines(settings: Settings, terminal: Terminal): Parameters<typeof checkStoreFolder>[1] {
  if (settings.quiet || settings.json) return undefined
  let last = performance.now()
  return ({ stage, done, total, records }) => {
    const now = performance.now()
    if (now - last < PROGRESS_MILLIS) return
    last = now
    writeLine(terminal.stderr, `verifying: ${STAGES[stage]} ${done} of ${total}, ${plural(records, 'record')}`)
  }
}

function describe(check: StoreCheck, millis: number, terminal: Terminal): string[] {
  const { groups, records, blobs, views, head, problems, problemCount, erased, cut, unfinishedBytes, conflicts = 0 } = check
  const lines = problems.map(
    (problem) => `${paint(terminal.colorOut, 'red', problem.code)}  ${placeOf(problem)}  ${plain(problem.message)}`,
  )
  if (problemCount > problems.length) lines.push(`… and ${problemCount - problems.length} more`)
  const notes = [
    ...(erased > 0 ? [`${plural(erased, 'payload')} erased`] : []),
    ...(conflicts > 0 ? [`${plural(conflicts, 'record')} of a step that had ended with other content: reprise runs names the runs`] : []),
    ...(cut.files > 0 ? [`${cut.bytes} bytes cut after crashes and kept in cut/`] : []),
    ...(unfinishedBytes > 0 ? [`${unfinishedBytes} bytes unfinished at the end`] : []),
  ]
  const seen = `${plural(records, 'record')} in ${plural(groups, 'group')}, ${plural(blobs, 'payload')}, ${plural(views, 'view')}`
  lines.push(
    problemCount === 0
      ? `${paint(terminal.colorOut, 'green', 'sound')}: ${seen}, in ${formatDuration(millis)}`
      : `${paint(terminal.colorOut, 'red', plural(problemCount, 'problem'))}: in ${seen}`,
    ...notes,
    `head: group ${head.group}, ${head.digest}`,
  )
  return lines
}

/** Such as `segments/00000000.zst group 3 line 0 /refs/0`. */
function placeOf({ file, group, line, pointer, offset, digest }: StoreProblem): string {
  return [
    file,
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(pointer === undefined || pointer === '' ? [] : [plain(pointer)]),
    ...(offset === undefined ? [] : [`byte ${offset}`]),
    ...(digest === undefined ? [] : [digest]),
  ].join(' ')
}
