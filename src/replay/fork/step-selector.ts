import { RepriseError } from '../../schemas/index.ts'
import { pathOf } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { describeNode } from '../verdict/departures.ts'

const MAX_SHOWN = 8

/**
 * The step that `at` names: by its number in call order (the root is 0), by the start of its lineage (8 hex digits at least), by its
 * name, or by the last of the names on the way to it, `answer > search`. Where several have that name, `#2` behind it is the second in call order.
 *
 * @throws RepriseError `invalid_argument` naming what there is
 */
export function selectStep(nodes: readonly LineageNode[], at: string | number): LineageNode {
  const wanted = String(at).trim()
  const known = nodes.filter(({ record }) => record.core.fidelity === 'replayable')
  if (/^\d{1,7}$/.test(wanted)) {
    const found = known.find(({ record }) => record.core.sequence === Number(wanted))
    if (found !== undefined) return found
  }
  if (/^[0-9a-f]{8,64}$/.test(wanted)) {
    const found = known.filter(({ lineage }) => lineage.startsWith(wanted))
    if (found.length > 0) return only(found, wanted)
  }
  const [, text = wanted, ordinal] = /^(.*?)#([1-9]\d{0,6})$/.exec(wanted) ?? []
  const names = text.split('>').map((name) => name.trim())
  const ending = known.filter((node) => {
    const end = pathOf(node).slice(-names.length)
    return end.length === names.length && end.every((name, index) => name === names[index])
  })
  // Names that are the whole way to a step mean it, whatever else may end so.
  const whole = names.length === 1 ? [] : ending.filter((node) => pathOf(node).length === names.length)
  const named = whole.length > 0 ? whole : ending
  if (ordinal !== undefined) {
    const found = named[Number(ordinal) - 1]
    if (found !== undefined) return found
    throw new RepriseError('invalid_argument', `at ${wanted}: the recording has ${named.length} steps of that name`)
  }
  if (named.length > 0) return only(named, wanted)
  throw new RepriseError('invalid_argument', `at ${wanted}: the recording has no such step; it has ${list(known)}`)
}

function only(found: readonly LineageNode[], wanted: string): LineageNode {
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  throw new RepriseError('invalid_argument', `at ${wanted}: ${found.length} steps are called that: ${list(found)}; say which by its number`)
}

function list(nodes: readonly LineageNode[]): string {
  const shown = nodes.slice(0, MAX_SHOWN).map(describeNode).join(', ')
  return nodes.length > MAX_SHOWN ? `${shown} and ${nodes.length - MAX_SHOWN} more` : shown
}
