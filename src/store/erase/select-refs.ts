import type { Digest } from '../../schemas/index.ts'
import { parseJson } from '../../schemas/index.ts'
import { coreEndOf } from '../tape/group-digest.ts'

/** Which references are erased: those of a run, those to given payloads, or of a run to given payloads. */
export interface EraseSelection {
  readonly runId?: string
  readonly digests?: readonly Digest[]
  /** With a run: what it refers to, wherever else that is referred to. */
  readonly everywhere?: boolean
}

export interface LineRef {
  readonly digest: Digest
}

/** Tells of each line which of its references are selected. Lines are of the tape, so that their form is known. */
export class RefSelector {
  readonly #runId: string | undefined
  readonly #digests: ReadonlySet<string> | undefined

  constructor({ runId, digests }: EraseSelection) {
    this.#runId = runId
    this.#digests = digests === undefined ? undefined : new Set(digests)
  }

  /** The references of a line, parted. */
  part(line: string): { core: string; selected: LineRef[]; others: LineRef[] } {
    const coreEnd = coreEndOf(line)
    const refs = parseJson(line.slice(coreEnd + REFS_KEY.length, -1)) as LineRef[]
    const core = line.slice(CORE_KEY.length, coreEnd)
    if (refs.length === 0 || !this.#isOfRun(core)) return { core, selected: [], others: refs }
    const isSelected = ({ digest }: LineRef): boolean => this.#digests?.has(digest) ?? true
    return { core, selected: refs.filter(isSelected), others: refs.filter((ref) => !isSelected(ref)) }
  }

  #isOfRun(core: string): boolean {
    if (this.#runId === undefined) return true
    // A quick look first: the run's id may also stand elsewhere in a core.
    return core.includes(this.#runId) && (parseJson(core) as { runId?: unknown }).runId === this.#runId
  }
}

const CORE_KEY = '{"core":'
const REFS_KEY = ',"refs":'

/** A line without some of its references; the core's text stays as it is, byte for byte. */
export function lineWith(core: string, refs: readonly LineRef[]): string {
  // They were canonical JSON when they were read, and their fields keep their order.
  return `${CORE_KEY}${core}${REFS_KEY}${JSON.stringify(refs)}}`
}
