import { RepriseError } from '../../schemas/index.ts'
import { readFormat, STORE_FORMAT, writeFormat } from '../files/format-file.ts'
import type { Layout } from '../files/layout.ts'

/**
 * From one format to the next. `prepare` brings the files to a form that the earlier version reads too, or that it does not
 * look at; then the number is written, in one rename; then `finish` may do what only the later version understands, and is
 * done again at every opening until it returns. Both may be cut short at any moment and are then simply done again.
 */
export interface UpgradeStep {
  readonly from: number
  readonly prepare?: (layout: Layout) => void
  readonly finish?: (layout: Layout) => void
}

/** Format 2 allows sealed files, which sealing makes by and by: there is nothing to convert. */
const STEPS: readonly UpgradeStep[] = [{ from: 1 }]

/**
 * Brings a store to the format of this version; the caller holds the writer's lock. Returns the format that it had.
 *
 * @throws RepriseError `store_version` for a store of a later format, which is not touched
 */
export function upgradeStore(layout: Layout, steps: readonly UpgradeStep[] = STEPS, target: number = STORE_FORMAT): number {
  const found = readFormat(layout) ?? target
  for (let format = found; format < target; format++) {
    const step = steps.find(({ from }) => from === format)
    if (step === undefined)
      throw new RepriseError('store_version', `${layout.dir}: there is no way from store format ${format} to ${target}`)
    step.prepare?.(layout)
    writeFormat(layout, format + 1)
  }
  for (const { from, finish } of steps) if (from < target) finish?.(layout)
  return found
}
