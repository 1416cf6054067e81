import { canonicalJson, commitmentOf, type Digest, digestOf } from '../../../src/schemas/index.ts'
import type { PreparedBlob, PreparedRecord } from '../../../src/store/index.ts'

export const CRASH_RUN = 'c'.repeat(32)

/** A numbered span with one payload, made without the help of a test runner. */
export function prepareRaw(number: number, data: Uint8Array): { record: PreparedRecord; blob: PreparedBlob; digest: Digest } {
  const digest = digestOf(data)
  const salt = number.toString(16).padStart(64, '0')
  const core = {
    schema: 'reprise.span/1',
    namespace: 'local',
    runId: CRASH_RUN,
    traceId: CRASH_RUN,
    spanId: (number + 1).toString(16).padStart(16, '0'),
    ...(number > 0 && { parentSpanId: '1'.padStart(16, '0') }),
    name: `step ${number}`,
    kind: number === 0 ? 'run' : 'tool',
    operation: 'execute_tool',
    stepName: `step ${number}`,
    spanKind: 'internal',
    startNanos: String(1_700_000_000_000_000_000n + BigInt(number)),
    endNanos: String(1_700_000_000_000_000_500n + BigInt(number)),
    status: { code: 'ok' },
    attributes: {},
    events: [],
    links: [],
    resource: { attributes: {} },
    scope: { name: 'reprise' },
    fidelity: 'replayable',
    sequence: number,
    payloads: [{ role: 'input', sizeBytes: data.length, mediaType: 'application/octet-stream', commitment: commitmentOf(salt, digest) }],
    policy: { id: 'default', version: '1', digest: `sha256:${'0'.repeat(64)}` },
  }
  const line = canonicalJson({ core, refs: [{ role: 'input', digest, salt }] })
  return { record: { core: canonicalJson(core), line }, blob: { digest, mediaType: 'application/octet-stream', data }, digest }
}
