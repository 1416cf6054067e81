import type { SpanRecord } from '../../schemas/index.ts'

/** What a step gives has not come yet, or never will: it had begun, and not ended, when the recording was made. Nothing of it is lost. */
export function isPending({ core }: SpanRecord): boolean {
  return core.pending === true
}

/** The command that makes a recording anew from the store that it came from. */
export function exportCommand(runId: string, folder: string): string {
  return `reprise export ${runId} --out ${folder} --force`
}

export function describeRecord({ core }: SpanRecord): string {
  return `step ${core.sequence ?? '?'} (${core.kind} ${core.stepName}, span ${core.spanId})`
}

const NAMED_MAX = 3

/** Of steps that a program called: whose result it may be waiting for in vain, and how to get it. Empty where it is none. */
export function pendingNote(called: readonly SpanRecord[], runId: string, folder: string): string {
  const pending = called.filter(isPending)
  if (pending.length === 0) return ''
  const rest = pending.length - NAMED_MAX
  const named = `${pending.slice(0, NAMED_MAX).map(describeRecord).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  return `; the result of ${named} is pending: it had not come when the recording was made; if it has since, get it by: ${exportCommand(runId, folder)}`
}
