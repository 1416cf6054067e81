import { CLASSES, type Example, PIXELS } from './data-set.ts'

/** One hidden layer with ReLU, then softmax. Row-major: `hidden[unit * PIXELS + pixel]`, `output[digit * units + unit]`. */
export type Network = {
  readonly units: number
  readonly hidden: Float64Array
  readonly hiddenBias: Float64Array
  readonly output: Float64Array
  readonly outputBias: Float64Array
}

/** He initialisation: uniform in ±sqrt(6 / inputs). */
export function createNetwork(units: number, random: () => number): Network {
  const draw = (length: number, inputs: number): Float64Array =>
    Float64Array.from({ length }, () => (random() * 2 - 1) * Math.sqrt(6 / inputs))
  return {
    units,
    hidden: draw(units * PIXELS, PIXELS),
    hiddenBias: new Float64Array(units),
    output: draw(CLASSES * units, units),
    outputBias: new Float64Array(CLASSES),
  }
}

function forward(network: Network, pixels: Float64Array): { activations: Float64Array; probabilities: Float64Array } {
  const { units, hidden, hiddenBias, output, outputBias } = network
  const activations = new Float64Array(units)
  for (let unit = 0; unit < units; unit++) {
    let sum = hiddenBias[unit]!
    for (let pixel = 0; pixel < PIXELS; pixel++) sum += hidden[unit * PIXELS + pixel]! * pixels[pixel]!
    activations[unit] = Math.max(0, sum)
  }
  const scores = new Float64Array(CLASSES)
  for (let digit = 0; digit < CLASSES; digit++) {
    let sum = outputBias[digit]!
    for (let unit = 0; unit < units; unit++) sum += output[digit * units + unit]! * activations[unit]!
    scores[digit] = sum
  }
  const highest = Math.max(...scores)
  const exponentials = scores.map((score) => Math.exp(score - highest))
  const total = exponentials.reduce((sum, value) => sum + value, 0)
  return { activations, probabilities: exponentials.map((value) => value / total) }
}

/** One step of gradient descent on a batch, in place. Returns the mean cross-entropy before the step, in nats. */
export function descend(network: Network, batch: readonly Example[], learningRate: number): number {
  const { units } = network
  const gradient = {
    hidden: new Float64Array(network.hidden.length),
    hiddenBias: new Float64Array(units),
    output: new Float64Array(network.output.length),
    outputBias: new Float64Array(CLASSES),
  }
  let loss = 0
  for (const { pixels, digit: truth } of batch) {
    const { activations, probabilities } = forward(network, pixels)
    loss -= Math.log(Math.max(probabilities[truth]!, 1e-12))
    const back = new Float64Array(units)
    for (let digit = 0; digit < CLASSES; digit++) {
      // The derivative of cross-entropy over softmax: probability minus truth.
      const error = probabilities[digit]! - (digit === truth ? 1 : 0)
      gradient.outputBias[digit]! += error
      for (let unit = 0; unit < units; unit++) {
        gradient.output[digit * units + unit]! += error * activations[unit]!
        back[unit]! += error * network.output[digit * units + unit]!
      }
    }
    for (let unit = 0; unit < units; unit++) {
      if (activations[unit] === 0) continue
      gradient.hiddenBias[unit]! += back[unit]!
      for (let pixel = 0; pixel < PIXELS; pixel++) gradient.hidden[unit * PIXELS + pixel]! += back[unit]! * pixels[pixel]!
    }
  }
  const rate = learningRate / batch.length
  for (const name of ['hidden', 'hiddenBias', 'output', 'outputBias'] as const)
    for (let index = 0; index < gradient[name].length; index++) network[name][index]! -= rate * gradient[name][index]!
  return loss / batch.length
}

/** Share of the examples whose most probable digit is the true one. */
export function accuracy(network: Network, examples: readonly Example[]): number {
  const right = examples.filter(({ pixels, digit }) => {
    const { probabilities } = forward(network, pixels)
    return probabilities.indexOf(Math.max(...probabilities)) === digit
  })
  return right.length / examples.length
}

/** All weights as little-endian float64: hidden, hidden bias, output, output bias. */
export function weightsOf(network: Network): Uint8Array {
  const parts = [network.hidden, network.hiddenBias, network.output, network.outputBias]
  return Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)))
}
