import type { RecorderSettings } from '../recorder/options.ts'
import type { SendQueue } from '../recorder/send-queue.ts'
import { warnOnce } from '../recorder/warning.ts'

interface Loss {
  readonly reason: string
  readonly count: number
}

/** The line that a program's user is told of steps that did not get through: how many, why, and what to do. Once per process. */
export class LossLines {
  readonly #options: RecorderSettings
  readonly #queue: SendQueue
  /** Of what the queue gave up: what a report or a line has told of. */
  #toldGivenUp = 0
  /** Of what a process that ends had no time to write: what no line has told of. */
  #late = 0

  constructor(options: RecorderSettings, queue: SendQueue) {
    this.#options = options
    this.#queue = queue
  }

  /** A report has told of what the queue gave up so far. */
  reported(): void {
    this.#toldGivenUp = this.#queue.droppedSteps
  }

  /** Steps that there was no time to write. */
  addLate(steps: number): void {
    this.#late += steps
  }

  unsent(count: number, what: string, why: string): void {
    const late = this.#takeLate()
    const lost = late > 0 ? `, ${late} not recorded (exit_timeout)` : ''
    warnOnce(`${countOf(count)} ${what}${lost}${this.#givenUp()}: ${why}`)
  }

  /** What the end of the program left to the spool. */
  spooled(count: number, folder: string, losses: readonly Loss[], problem: string | undefined, why: string): void {
    const lost = withLate(losses, this.#takeLate()).map(
      (loss) => `${loss.count} lost (${loss.reason}${problem === undefined ? '' : `: ${problem}`})`,
    )
    const kept = count > 0 || lost.length === 0 ? [`${countOf(count)} kept in ${folder} for the next collector`] : []
    warnOnce(`${[...kept, ...lost].join(', ')}${this.#givenUp()}: ${why}`)
  }

  /** What the queue had no room for, and what there was no time to write, where no report or line has told of it. */
  rest(): void {
    const lines: string[] = []
    const count = this.#takeGivenUp()
    const late = this.#takeLate()
    if (count > 0)
      lines.push(
        `${countOf(count)} not recorded (queue_full): more than ${this.#options.queueMaxBytes} bytes waited to be sent. Let the program come to an await now and then, or raise queueMaxBytes.`,
      )
    if (late > 0)
      lines.push(
        `${countOf(late)} not recorded (exit_timeout): the program ended before they were sent. Call \`await flush()\` before it does.`,
      )
    if (lines.length > 0) warnOnce(lines.join(' '))
  }

  #givenUp(): string {
    const count = this.#takeGivenUp()
    return count > 0 ? `, ${count} not recorded (queue_full)` : ''
  }

  #takeGivenUp(): number {
    const count = Math.max(0, this.#queue.droppedSteps - this.#toldGivenUp)
    this.#toldGivenUp += count
    return count
  }

  #takeLate(): number {
    const late = this.#late
    this.#late = 0
    return late
  }
}

function withLate(losses: readonly Loss[], late: number): readonly Loss[] {
  if (late === 0) return losses
  const same = losses.find(({ reason }) => reason === 'exit_timeout')
  return [...losses.filter((loss) => loss !== same), { reason: 'exit_timeout', count: late + (same?.count ?? 0) }]
}

export function countOf(steps: number): string {
  return steps === 1 ? '1 step' : `${steps} steps`
}
