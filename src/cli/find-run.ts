import { RepriseError, type RunSummary } from '../schemas/index.ts'
import type { Store } from '../store/index.ts'

/**
 * The run whose id is, or begins with, `wanted`. Throws `no_such_run` with the nearest ids, `ambiguous_run` with the
 * candidates.
 */
export function findRun(store: Store, wanted: string): RunSummary {
  const id = wanted.toLowerCase()
  const exact = store.index.readRun(id)
  if (exact !== undefined) return exact
  const candidates = /^[0-9a-f]+$/.test(id) ? store.index.findRunIds(id, 6) : []
  if (candidates.length > 1) {
    throw new RepriseError('ambiguous_run', `more than one run begins with '${wanted}': ${candidates.join(', ')}`)
  }
  const only = candidates[0] === undefined ? undefined : store.index.readRun(candidates[0])
  if (only !== undefined) return only
  const nearest = store.index.nearestRunIds(id, 3)
  const hint = nearest.length > 0 ? `; nearest: ${nearest.join(', ')}` : '; the store holds no runs yet'
  throw new RepriseError('no_such_run', `no run '${wanted}'${hint}`)
}
