import { type DerivableStep, deriveGenAiContent, deriveGenAiScalars } from '../../../src/adapters/dialects/index.ts'

export function modelStep(request: unknown, output: unknown, more: Partial<DerivableStep> = {}): DerivableStep {
  return { kind: 'model', operation: 'chat', stepName: 'callModel', args: [request], output, shape: 'promise', ...more }
}

export function streamedStep(request: unknown, chunks: readonly unknown[], more: Partial<DerivableStep> = {}): DerivableStep {
  return modelStep(request, chunks, { shape: 'promise-async-iterable', ...more })
}

export const scalarsOf = deriveGenAiScalars

/** The content attributes with their JSON read back. */
export function contentOf(step: DerivableStep): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(deriveGenAiContent(step)).map(([key, value]) => {
      if (typeof value !== 'string') throw new Error(`${key} is not a string`)
      return [key, key === 'gen_ai.retrieval.query.text' ? value : JSON.parse(value)]
    }),
  )
}
