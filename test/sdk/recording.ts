import { afterAll, beforeAll, beforeEach } from 'vitest'
import { flush, type RecorderHandle, type RecorderOptions, startRecorder } from '../../src/sdk/index.ts'
import { type FakeCollector, type SeenStep, startFakeCollector, stepsOf } from './fake-collector.ts'

export interface Recording {
  readonly collector: FakeCollector
  /** Flushes and gives the finished steps in call order. */
  steps(): Promise<SeenStep[]>
  step(name: string): Promise<SeenStep>
}

/** Records into a collector of the test file; what earlier tests sent is forgotten before each test. */
export function useRecording(options: RecorderOptions = {}): Recording {
  let collector: FakeCollector | undefined
  let recorder: RecorderHandle | undefined
  const current = (): FakeCollector => {
    if (collector === undefined) throw new Error('the collector of the test has not started')
    return collector
  }
  beforeAll(async () => {
    collector = await startFakeCollector()
    recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000, ...options })
  })
  beforeEach(async () => {
    await flush()
    current().spans.length = 0
    current().batches.length = 0
  })
  afterAll(async () => {
    await recorder?.stop()
    await collector?.close()
  })
  const steps = async (): Promise<SeenStep[]> => {
    await flush()
    return stepsOf(current())
  }
  return {
    get collector() {
      return current()
    },
    steps,
    step: async (name) => {
      const found = (await steps()).filter((step) => step.name === name)
      if (found.length !== 1 || found[0] === undefined) throw new Error(`expected one step named ${name}, found ${found.length}`)
      return found[0]
    },
  }
}
