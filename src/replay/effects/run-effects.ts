import { RepriseError } from '../../schemas/index.ts'
import type { Effects } from '../../sdk/effects/index.ts'
import type { Course } from '../delivery/course.ts'
import type { Patch } from '../fork/patch.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { Recording } from '../recording/recording.ts'
import { EffectLedger } from './effect-ledger.ts'
import type { RecordedEffects } from './recorded-effects.ts'
import { ServedEffects, type ServedRun } from './served-effects.ts'
import { VirtualClock } from './virtual-clock.ts'

/** The time and chance of one replay; of a recording that holds none, the program has the machine's, as before. */
export class RunEffects {
  readonly ledger: EffectLedger | undefined
  readonly #recorded: RecordedEffects
  readonly #run: ServedRun | undefined
  readonly #changes: ServedRun['changes'] = { dateShiftMillis: 0, seed: undefined }

  /** @param isOpen whether what the program reads now can still change its outcome */
  constructor(recording: Recording, recorded: RecordedEffects, course: Course, isOpen: () => boolean) {
    const { head } = recorded
    this.#recorded = recorded
    if (head === undefined) return
    const clock = new VirtualClock(head)
    course.onDelivered = (offsetMillis) => clock.moveTo(offsetMillis)
    this.ledger = new EffectLedger(head.sources, recorded.total)
    this.#run = {
      sources: new Set(head.sources),
      clock,
      changes: this.#changes,
      ledger: this.ledger,
      scheduler: course.scheduler,
      seed: recording.manifest.seed ?? recording.manifest.runId,
      nextOffsetMillis: () => course.nextOffsetMillis,
      isOpen,
      backgroundMillis: () => course.backgroundMillis,
      exhausted: (source) => new RepriseError('replay_diverged', `the program read ${source} without end, far past the record`),
    }
  }

  /** From here on the date is another one, or chance comes from another seed. */
  change({ record }: LineageNode, { timeMillis, seed }: Patch): void {
    if (timeMillis !== undefined) this.#changes.dateShiftMillis = timeMillis - Number(BigInt(record.core.startNanos) / 1_000_000n)
    if (seed !== undefined) this.#changes.seed = seed
  }

  /** @param node the recorded container; undefined for one that the recording does not have */
  of(node: LineageNode | undefined): Effects | undefined {
    return this.#run === undefined ? undefined : new ServedEffects(this.#run, node, this.#recorded.streamsOf(node))
  }
}
