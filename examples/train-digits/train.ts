import { currentRun, instrument } from 'reprise'
import { type Example, readDigits } from './data-set.ts'
import { accuracy, createNetwork, descend, weightsOf } from './network.ts'

export type Config = { epochs: number; batchSize: number; units: number; learningRate: number }

function shuffled(examples: readonly Example[], random: () => number): Example[] {
  const order = [...examples]
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1))
    ;[order[last], order[chosen]] = [order[chosen]!, order[last]!]
  }
  return order
}

/** Trains a small network on hand-written digits; the last fifth of the data, never trained on, measures it. */
export const train = instrument(
  async function train(config: Config) {
    const run = currentRun()
    const examples = await readDigits(new URL('./data/digits.csv.gz', import.meta.url))
    const held = Math.floor(examples.length * 0.8)
    const training = examples.slice(0, held)
    const test = examples.slice(held)
    const network = createNetwork(config.units, run.random('weights'))
    const order = run.random('order')
    let index = 0
    for (let epoch = 0; epoch < config.epochs; epoch++) {
      const examplesInOrder = shuffled(training, order)
      for (let start = 0; start < examplesInOrder.length; start += config.batchSize) {
        const batch = examplesInOrder.slice(start, start + config.batchSize)
        await run.step({ index: index++, epoch }, async (step) => {
          step.metric('loss', descend(network, batch, config.learningRate))
        })
      }
    }
    const measured = accuracy(network, test)
    run.metric('accuracy', measured)
    await run.artifact('weights', weightsOf(network), { mediaType: 'application/octet-stream' })
    return { steps: index, accuracy: measured }
  },
  { kind: 'training', seed: 7 },
)
