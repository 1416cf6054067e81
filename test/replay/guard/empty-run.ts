import type { Recording } from '../../../src/replay/index.ts'
import { RecordingBuilder } from '../recording-builder.ts'

/** A run `leaky` that calls nothing and gives 'done'. */
export async function emptyRun(): Promise<Recording> {
  const builder = new RecordingBuilder()
  builder.step(undefined, { kind: 'run', name: 'leaky', output: 'done' })
  return await builder.load()
}
