import type { LineageNode } from '../../../src/replay/recording/lineage.ts'
import type { Recording } from '../../../src/replay/recording/recording.ts'
import { decodeValue } from '../../../src/schemas/index.ts'
import type { InterceptedCall, Interception, Interceptor } from '../../../src/sdk/index.ts'

// Two ways to find the answer to a call that are in use elsewhere, kept as a yardstick: neither knows where in the program a call stands,
// and neither says in which order answers reach it. Both are given the recorded calls in the order in which they were made.

/** Gives the answers out one after another, whoever asks. */
export class GlobalCursor implements Interceptor {
  readonly #nodes: readonly LineageNode[]
  readonly #recording: Recording
  #next = 0

  constructor(recording: Recording) {
    this.#recording = recording
    this.#nodes = recording.nodes.slice(1)
  }

  intercept(call: InterceptedCall): Interception {
    return call.kind === 'run' ? RUN : answered(this.#recording, this.#nodes[this.#next++])
  }
}

/** Gives the answers of each tool, model and retriever out one after another, to equal requests alone where `byRequest`. */
export class ToolQueues implements Interceptor {
  readonly #recording: Recording
  readonly #queues = new Map<string, LineageNode[]>()
  readonly #keyOf: (name: string, request: unknown) => string

  constructor(recording: Recording, byRequest: boolean) {
    this.#recording = recording
    this.#keyOf = (name, request) => (byRequest ? `${name} ${JSON.stringify(request)}` : name)
    for (const node of recording.nodes.slice(1)) {
      const key = this.#keyOf(node.record.core.stepName, recording.inputOf(node.record))
      this.#queues.set(key, [...(this.#queues.get(key) ?? []), node])
    }
  }

  intercept(call: InterceptedCall): Interception {
    return call.kind === 'run' ? RUN : answered(this.#recording, this.#queues.get(this.#keyOf(call.name, call.args))?.shift())
  }
}

const RUN: Interception = { mode: 'run', token: {}, onEnd: () => {} }

function answered(recording: Recording, node: LineageNode | undefined): Interception {
  const output = node === undefined ? undefined : recording.payloadOf(node.record, 'output')
  const value = output?.state === 'present' ? decodeValue(output.mediaType, output.data) : undefined
  return { mode: 'served', returned: new Promise((resolve) => setImmediate(resolve, value)) }
}
