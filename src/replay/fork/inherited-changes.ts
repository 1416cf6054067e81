import { ATTR, type Attributes, parseJson } from '../../schemas/index.ts'
import type { InterceptedCall } from '../../sdk/index.ts'
import { nameKeyOf, type RecordedCalls } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'
import { Patch, type PatchValues } from './patch.ts'

const ROLE = `/attributes/${ATTR.forkInput}`

export interface InheritedChange {
  readonly node: LineageNode
  readonly patch: Patch
}

/**
 * Inputs that were changed when this recording was made, itself a fork: the program does not know of them, so they are changed in the
 * same way whenever it makes these calls.
 */
export class InheritedChanges {
  readonly #byPlace = new Map<LineageNode, Map<string, InheritedChange>>()

  constructor(recording: Recording, calls: RecordedCalls) {
    for (const node of calls.participants) {
      const { parent, record } = node
      if (parent === undefined || !record.core.payloads.some(({ role }) => role === ROLE)) continue
      const values = readPatch(recording, node)
      if (values === undefined) continue
      const { operation, stepName } = record.core
      const places = this.#byPlace.get(parent) ?? new Map<string, InheritedChange>()
      this.#byPlace.set(parent, places)
      places.set(placeKey(operation, stepName, calls.named(parent, operation, stepName).indexOf(node)), {
        node,
        patch: new Patch(node, values),
      })
    }
  }

  /** Whether calls under that step are to be counted. */
  concern(parent: LineageNode): boolean {
    return this.#byPlace.has(parent)
  }

  /** @param ordinal of the call among its namesakes under `parent`, from 0 */
  at(parent: LineageNode, { operation, name }: InterceptedCall, ordinal: number): InheritedChange | undefined {
    return this.#byPlace.get(parent)?.get(placeKey(operation, name, ordinal))
  }
}

/** For a step that is recorded: what of its input is changed. */
export function inheritedAttributes({ patch }: Pick<InheritedChange, 'patch'>): Attributes {
  return { [ATTR.forkInput]: patch.canonical }
}

function placeKey(operation: string, name: string, ordinal: number): string {
  return `${ordinal} ${nameKeyOf(operation, name)}`
}

/** Undefined where it cannot be read: the calls then find no equal, which the verdict tells. */
function readPatch(recording: Recording, { record }: LineageNode): PatchValues | undefined {
  try {
    const payload = recording.payloadOf(record, ROLE)
    const entries: unknown = payload.state === 'present' ? parseJson(Buffer.from(payload.data).toString('utf8')) : undefined
    return Array.isArray(entries) ? (Object.fromEntries(entries as [string, unknown][]) as PatchValues) : undefined
  } catch {
    return undefined
  }
}
