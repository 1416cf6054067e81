import { expect } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { post } from './support.ts'

export const traceOf = (run: number): string => run.toString(16).padStart(32, '0')
export const spanOf = (run: number, step: number): string => (run * 256 + step + 1).toString(16).padStart(16, '0')

export type Sent = NonNullable<Parameters<typeof bareSpan>[0]>

export function stepOf(run: number, step: number, more: Sent = {}): ReturnType<typeof bareSpan> {
  const { attributes = [], ...rest } = more
  return bareSpan({
    traceId: traceOf(run),
    spanId: spanOf(run, step),
    parentSpanId: step === 0 ? '' : spanOf(run, 0),
    name: step === 0 ? `answer ${run}` : 'lookup',
    startNanos: BigInt(run) * 1_000_000_000n + BigInt(step),
    endNanos: BigInt(run) * 1_000_000_000n + 500_000_000n,
    ...rest,
    attributes: [
      [ATTR.kind, step === 0 ? 'run' : 'model'],
      [ATTR.fidelity, 'replayable'],
      [ATTR.sequence, { int: BigInt(step) }],
      ...attributes,
    ],
  })
}

export async function send(
  collector: Collector,
  spans: ReturnType<typeof bareSpan>[],
  resource: [string, string | { int: bigint }][] = [],
): Promise<void> {
  const [group] = groupOf(spans)
  const body = writeTraces([{ ...group!, resource: { ...group!.resource, attributes: resource } }])
  expect((await post(collector, body)).status).toBe(200)
}
