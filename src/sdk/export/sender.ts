import type { WireResource } from '../../otlp/index.ts'
import { ATTR, randomId32 } from '../../schemas/index.ts'

/**
 * Numbers the batches of one recorder from 0, so that a collector can tell that one is missing. A batch that is sent again,
 * by whomever, keeps its number.
 */
export class Sender {
  readonly id: string = randomId32()
  #next = 0

  /** The resource of the next batch. The number counts as given only when the batch comes to something. */
  stamp({ attributes, droppedAttributes }: WireResource): WireResource {
    return {
      attributes: [...attributes, [ATTR.senderId, this.id], [ATTR.senderSequence, { int: BigInt(this.#next) }]],
      droppedAttributes,
    }
  }

  given(): void {
    this.#next++
  }
}
