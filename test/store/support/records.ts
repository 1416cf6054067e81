import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { canonicalJson, commitmentOf, type GapCore, type PayloadRef, type SpanCore, spanRecordSchema } from '../../../src/schemas/public.ts'
import { addressPayload, openStore, type PreparedBlob, type PreparedRecord, type Store } from '../../../src/store/index.ts'

const MEMORY = '/dev/shm'

/** A folder that is gone when the test is over; in memory where that is possible and asked for, when a test syncs thousands of times. */
export function temporaryFolder({ inMemory = false } = {}): string {
  const folder = mkdtempSync(join(inMemory && existsSync(MEMORY) ? MEMORY : tmpdir(), 'reprise-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A writing store that is closed when the test is over. */
export async function openForTest(dir: string, options: Partial<Parameters<typeof openStore>[1]> = {}): Promise<Store> {
  const store = await openStore(dir, { mode: 'write', startedBy: 'a test', ...options })
  onTestFinished(() => store.close())
  return store
}

/** Hex digits that depend on the parts alone. */
export function hexOf(length: number, ...parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length)
}

export interface SpanSketch extends Partial<Omit<SpanCore, 'payloads'>> {
  /** Content by role; text is JSON. */
  readonly content?: Readonly<Record<string, string | Uint8Array>>
}

export interface Prepared {
  readonly record: PreparedRecord
  readonly blobs: PreparedBlob[]
  readonly core: SpanCore
  readonly refs: readonly PayloadRef[]
}

export const RUN = hexOf(32, 'run')

/** A valid span record, from what matters to the test. */
export function prepareSpan({ content = {}, ...sketch }: SpanSketch = {}): Prepared {
  const blobs: PreparedBlob[] = []
  const payloads: SpanCore['payloads'] = []
  const refs: PayloadRef[] = []
  for (const [role, data] of Object.entries(content)) {
    const mediaType = typeof data === 'string' ? 'application/json' : 'application/octet-stream'
    const addressed = addressPayload(data, mediaType)
    const salt = hexOf(64, 'salt', role, addressed.digest, sketch.spanId ?? '')
    blobs.push(...addressed.blobs)
    payloads.push({
      role,
      sizeBytes: addressed.sizeBytes,
      mediaType,
      commitment: commitmentOf(salt, addressed.digest),
    } as SpanCore['payloads'][number])
    refs.push({ role, digest: addressed.digest, salt } as PayloadRef)
  }
  const runId = sketch.runId ?? RUN
  const core: SpanCore = {
    schema: 'reprise.span/1',
    namespace: 'local',
    runId,
    traceId: runId,
    spanId: hexOf(16, 'root'),
    name: 'a span',
    kind: 'run',
    operation: 'run',
    stepName: 'answer',
    spanKind: 'internal',
    startNanos: '1700000000000000000',
    endNanos: '1700000001000000000',
    status: { code: 'ok' },
    attributes: {},
    events: [],
    links: [],
    resource: { attributes: { 'service.name': 'a service' } },
    scope: { name: 'reprise' },
    fidelity: 'replayable',
    policy: { id: 'default', version: '1', digest: `sha256:${'0'.repeat(64)}` },
    ...sketch,
    payloads,
  }
  if (core.pending === true) delete core.endNanos
  spanRecordSchema.parse({ core, refs })
  return { record: { core: canonicalJson(core), line: canonicalJson({ core, refs }) }, blobs, core, refs }
}

export function prepareGap(sketch: Partial<GapCore>): PreparedRecord {
  const core: GapCore = { schema: 'reprise.gap/1', namespace: 'local', reason: 'queue-full', count: 1, ...sketch }
  return { core: canonicalJson(core), line: canonicalJson({ core, refs: [] }) }
}

export async function appendSpans(store: Store, ...sketches: readonly SpanSketch[]): Promise<{ group: number }> {
  const prepared = sketches.map((sketch) => prepareSpan(sketch))
  return await store.append({ records: prepared.map(({ record }) => record), blobs: prepared.flatMap(({ blobs }) => blobs) })
}

/** A span of a made-up run: `index` 0 is its root. */
export function sketchOf(run: string, index: number, more: SpanSketch = {}): SpanSketch {
  const start = 1_700_000_000_000_000_000n + BigInt(Number.parseInt(run.slice(0, 6), 16)) * 1_000_000n + BigInt(index) * 1_000n
  return {
    runId: run,
    spanId: hexOf(16, run, index),
    ...(index > 0 && { parentSpanId: hexOf(16, run, 0) }),
    kind: index === 0 ? 'run' : 'tool',
    stepName: index === 0 ? 'answer' : `step ${index}`,
    sequence: index,
    startNanos: String(start),
    endNanos: String(start + 500n),
    ...more,
  }
}

export async function readAllLines(store: Store): Promise<string[]> {
  const lines: string[] = []
  for await (const group of store.tape.readGroups(0)) lines.push(...group.lines)
  return lines
}
