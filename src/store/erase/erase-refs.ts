import { ReplacingFile } from '../files/replacing-file.ts'
import { writeBlocks } from '../seal/seal-segment.ts'
import { type GroupEntry, SegmentView } from '../tape/segment-view.ts'
import { type EraseSelection, lineWith, RefSelector } from './select-refs.ts'
import { wipeLater } from './wipe.ts'

export interface RefsErased {
  readonly type: 'refs-erased'
  readonly lines: number
  readonly refs: number
  /** False when the old bytes are still there under another name. */
  readonly wiped: boolean
}

/**
 * Writes a closed segment anew without the selected references, sealed, and puts it in the old one's place. Cores, and with
 * them digests and chain, stay what they are. Does nothing where no line is concerned.
 *
 * @throws Error where the segment is damaged: what cannot be read cannot be cleaned
 */
export function eraseRefs(
  path: string,
  first: number,
  endGroup: number,
  selection: EraseSelection,
  breathe: () => void = () => undefined,
): RefsErased {
  const view = new SegmentView(path, first)
  let file: ReplacingFile | undefined
  try {
    view.scan()
    const entries = view.entries.filter(({ group }) => group < endGroup)
    const selector = new RefSelector(selection)
    let lines = 0
    let refs = 0
    for (const entry of entries) {
      for (const line of linesOf(view, entry)) {
        const { selected } = selector.part(line)
        if (selected.length > 0) lines++
        refs += selected.length
      }
      breathe()
    }
    if (refs === 0) return { type: 'refs-erased', lines, refs, wiped: true }
    file = new ReplacingFile(path)
    writeBlocks(entries, (entry) => cleaned(linesOf(view, entry), selector), file, breathe)
    const wipe = wipeLater(path)
    file.commit()
    return { type: 'refs-erased', lines, refs, wiped: wipe() }
  } finally {
    file?.abandon()
    view.close()
  }
}

function linesOf(view: SegmentView, entry: GroupEntry): string[] {
  const content = view.readContent(entry)
  if (content === undefined) throw new Error(`group ${entry.group} in ${view.path} is damaged and cannot be cleaned`)
  return content.toString('utf8').split('\n').slice(0, -1)
}

function cleaned(lines: readonly string[], selector: RefSelector): Buffer {
  const texts = lines.map((line) => {
    const { core, selected, others } = selector.part(line)
    return selected.length === 0 ? line : lineWith(core, others)
  })
  return Buffer.from(texts.map((text) => `${text}\n`).join(''))
}
