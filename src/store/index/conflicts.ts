import { ATTR, type PayloadRef, type SpanCore, type SpanRecord } from '../../schemas/index.ts'

/** Of one step so many records that contradict the one that stands are told apart; more are kept on the tape alone. */
export const CONFLICTS_PER_STEP_MAX = 8

/** What no redaction touches: where and when a step was, and how it ended. */
const STRUCTURE = [
  'traceId',
  'parentSpanId',
  'kind',
  'spanKind',
  'startNanos',
  'endNanos',
  'flags',
  'sequence',
  'effect',
  'shape',
  'streamEnd',
  'deliveries',
  'droppedAttributes',
  'droppedEvents',
  'droppedLinks',
] as const satisfies readonly (keyof SpanCore)[]

/** What the rest of a core says. Left out is what the collector says of the record itself: policy, redactions, cuts. */
const TEXTS = [
  'name',
  'operation',
  'stepName',
  'traceState',
  'seed',
  'attributes',
  'events',
  'links',
  'scope',
] as const satisfies readonly (keyof SpanCore)[]

/** They number what is sent, and a sender may send one record again in another batch. */
const OF_THE_BATCH: readonly string[] = [ATTR.senderId, ATTR.senderSequence]

/**
 * In which fields a further final record of a step says something else than the one that stands: JSON pointers into the core, or
 * roles of payloads. Nothing where it is the same record sent again. Payloads are the same when their digests are; of one
 * whose digest was erased size and type count.
 *
 * One record that is redacted twice by different policies, under different keys, or first by its program and then by the
 * collector, reads differently. So where two records were not redacted alike, only what no redaction touches is compared.
 */
export function differencesOf(standing: SpanRecord, other: SpanRecord): string[] {
  const left = standing.core
  const right = other.core
  const differing: string[] = STRUCTURE.filter((field) => !isEqual(left[field], right[field])).map((field) => `/${field}`)
  if (left.status.code !== right.status.code) differing.push('/status/code')
  if (!isRedactedAlike(left, right)) return differing
  if (left.status.message !== right.status.message) differing.push('/status/message')
  for (const field of TEXTS) if (!isEqual(left[field], right[field])) differing.push(`/${field}`)
  if (!isEqual(resourceOf(left), resourceOf(right))) differing.push('/resource')
  return [...differing, ...differingRoles(standing, other)]
}

function isRedactedAlike(left: SpanCore, right: SpanCore): boolean {
  return left.policy.digest === right.policy.digest && isEqual(left.redactions, right.redactions) && isEqual(left.cuts, right.cuts)
}

function resourceOf({ resource }: SpanCore): unknown {
  return { ...resource, attributes: Object.entries(resource.attributes).filter(([key]) => !OF_THE_BATCH.includes(key)) }
}

function differingRoles(standing: SpanRecord, other: SpanRecord): string[] {
  const left = contentOf(standing)
  const right = contentOf(other)
  return [...new Set([...left.keys(), ...right.keys()])].sort().filter((role) => {
    const one = left.get(role)
    const two = right.get(role)
    if (one === undefined || two === undefined || one.said !== two.said) return true
    return one.digest !== undefined && two.digest !== undefined && one.digest !== two.digest
  })
}

/** By role: all that is said of a payload but its salted commitment, and its digest. */
function contentOf({ core, refs }: SpanRecord): Map<string, { said: string; digest: PayloadRef['digest'] | undefined }> {
  const digests = new Map(refs.map(({ role, digest }) => [role, digest]))
  return new Map(
    core.payloads.map(({ commitment: _, ...payload }) => [
      payload.role,
      { said: JSON.stringify(payload), digest: digests.get(payload.role) },
    ]),
  )
}

/** Lines are canonical JSON: the same values have the same text. */
function isEqual(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right)
}
