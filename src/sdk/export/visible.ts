import { type DerivableStep, deriveGenAiScalars } from '../../adapters/dialects/index.ts'
import { type Attributes, type Cut, GENAI } from '../../schemas/index.ts'
import type { Step } from '../run/step.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** What a backend that derives nothing shows of a step beside its content. */
export function visibleAttributes(step: Step): Attributes {
  const derived = deriveGenAiScalars(derivable(step))
  const { errorType } = step
  return { ...step.spec.attributes, ...derived, ...(errorType !== undefined && { [GENAI.errorType]: errorType }) }
}

export function derivable(step: Step): DerivableStep {
  const { kind, name, provider } = step.spec
  return {
    kind,
    operation: step.operation,
    stepName: name,
    provider,
    model: step.model,
    args: step.input?.value,
    output: step.output?.value,
    shape: step.shape,
  }
}

/** Where bounds cut the capture of a step. */
export function cutsOf(step: Step): Cut[] | undefined {
  return isCut(step) ? listCuts(step) : undefined
}

function isCut({ input, output, error, documents, returned, documentsFailed, payloadsDropped, droppedEvents }: Step): boolean {
  if (input?.cuts !== undefined || output?.cuts !== undefined || error?.cuts !== undefined || documents?.cuts !== undefined) return true
  if (returned !== undefined && (returned.cuts !== undefined || !returned.json)) return true
  return documentsFailed || payloadsDropped || droppedEvents > 0
}

function listCuts(step: Step): Cut[] | undefined {
  let cuts: Cut[] | undefined
  const add = (what: string, reason: string, count: number): void => {
    cuts ??= []
    cuts.push({ what, reason, count })
  }
  const addOf = (what: string, snapshot: Snapshot | undefined): void => {
    if (snapshot?.cuts !== undefined) for (const { reason, count } of snapshot.cuts) add(what, reason, count)
  }
  addOf('input', step.input)
  addOf('output', step.output)
  addOf('error', step.error)
  addOf('documents', step.documents)
  addOf('returned', step.returned)
  if (step.returned?.json === false) add('returned', 'not_json', 1)
  if (step.documentsFailed) add('documents', 'failed', 1)
  if (step.payloadsDropped) add('payloads', 'queue_full', 1)
  if (step.droppedEvents > 0) add('events', 'entries', step.droppedEvents)
  return cuts
}
