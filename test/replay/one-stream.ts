import type { Recording } from '../../src/replay/index.ts'
import { RecordingBuilder, type StepInput } from './recording-builder.ts'

/** A run of the name `reads` with one model call. */
export async function oneStream(output: unknown, step: Omit<StepInput, 'kind'>): Promise<Recording> {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'reads', output, end: 90 })
  builder.step(root, { kind: 'model', end: 50, ...step })
  return await builder.load()
}

export async function collect(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
