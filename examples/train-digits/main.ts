import { train } from './train.ts'

const { steps, accuracy } = await train({ epochs: 6, batchSize: 32, units: 24, learningRate: 0.2 })
console.log(`trained ${steps} steps; ${(accuracy * 100).toFixed(1)} % of the held-out digits are read rightly`)
