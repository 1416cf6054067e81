import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canonicalJson, commitmentOf } from '../../src/schemas/public.ts'
import { checkStoreFolder, type Store } from '../../src/store/index.ts'
import { everyAnswer } from './support/answers.ts'
import { hexOf, openForTest, prepareSpan, readAllLines, type SpanSketch, sketchOf, temporaryFolder } from './support/records.ts'

const RUN = hexOf(32, 'conflicts')
const SPAN = hexOf(16, RUN, 1)

const step = (more: SpanSketch = {}): SpanSketch =>
  sketchOf(RUN, 1, {
    attributes: { 'gen_ai.request.model': 'model 1' },
    events: [{ name: 'retried', timeNanos: '1700000000000000100', attributes: {} }],
    content: { input: '"asked"', output: '"answered"' },
    ...more,
  })

let salted = 0
/** As a collector writes it: each time under another salt. */
async function append(store: Store, ...sketches: readonly SpanSketch[]): Promise<void> {
  const prepared = sketches.map((sketch) => {
    const { core, refs, blobs } = prepareSpan(sketch)
    const salt = hexOf(64, 'salted', salted++)
    const payloads = core.payloads.map((payload) => {
      const digest = refs.find(({ role }) => role === payload.role)?.digest
      return digest === undefined ? payload : { ...payload, commitment: commitmentOf(salt, digest) }
    })
    const written = { core: { ...core, payloads }, refs: refs.map((ref) => ({ ...ref, salt })) }
    return { record: { core: canonicalJson(written.core), line: canonicalJson(written) }, blobs }
  })
  await store.append({ records: prepared.map(({ record }) => record), blobs: prepared.flatMap(({ blobs }) => blobs) })
  await store.index.catchUp()
}

/** What the store says, which is what it says after it has been opened again, and made anew from the tape. */
async function told(dir: string, store: Store): Promise<{ count: number | undefined; differs: string[][]; outcome: string }> {
  const read = (from: Store): string => everyAnswer(from)
  const live = read(store)
  await store.reindex()
  expect(read(store)).toBe(live)
  const count = store.index.readRun(RUN)?.conflicts
  const conflicts = store.index.readConflicts(RUN)
  for (const { spanId, group, line, record } of conflicts) {
    expect(spanId).toBe(SPAN)
    expect(JSON.parse(store.tape.readLine(group, line))).toEqual(record)
  }
  const outcome = store.index.readStep(RUN, SPAN)?.core.status.code ?? ''
  await store.close()
  const check = await checkStoreFolder(dir)
  expect(check).toMatchObject({ problems: [], conflicts: count ?? 0 })
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(dir, `index.db${suffix}`), { force: true })
  const again = await openForTest(dir)
  await again.index.catchUp()
  expect(read(again)).toBe(live)
  return { count, differs: conflicts.map(({ differs }) => differs), outcome }
}

async function afterwards(...groups: readonly (readonly SpanSketch[])[]): Promise<Awaited<ReturnType<typeof told>> & { lines: number }> {
  const dir = temporaryFolder({ inMemory: true })
  const store = await openForTest(dir)
  for (const sketches of groups) await append(store, ...sketches)
  const lines = (await readAllLines(store)).length
  return { ...(await told(dir, store)), lines }
}

describe('a step that comes again', () => {
  const batch = (sequence: number): SpanSketch['resource'] => ({
    attributes: { 'service.name': 'a service', 'reprise.sender.id': 'a sender', 'reprise.sender.sequence': sequence },
  })

  it.each<[string, readonly (readonly SpanSketch[])[]]>([
    ['as it was, three times', [[step(), step()], [step()]]],
    ['in other batches of its sender', [[step({ resource: batch(0)! })], [step({ resource: batch(1)! })]]],
    ['final after it was announced', [[step({ pending: true })], [step({ status: { code: 'error' } })]]],
    ['announced after its end', [[step()], [step({ pending: true, content: {} })]]],
    ['from another exporter', [[step()], [step({ fidelity: 'observed', stepName: 'POST' })]]],
    [
      'redacted by another policy',
      [[step()], [step({ policy: { id: 'other', version: '1', digest: `sha256:${'1'.repeat(64)}` }, stepName: 'REDACTED' })]],
    ],
    ['redacted before it was sent', [[step({ redactions: { email: 2 } })], [step({ content: { input: '"(email)"' } })]]],
  ])('%s, contradicts nothing', async (_what, groups) => {
    const { count, differs } = await afterwards(...groups)
    expect({ count, differs }).toEqual({ count: undefined, differs: [] })
  })

  it.each<[string, SpanSketch]>([
    ['/status/code', { status: { code: 'error' } }],
    ['/status/message', { status: { code: 'ok', message: 'well' } }],
    ['/endNanos', { endNanos: '1700000000000000999' }],
    ['/startNanos', { startNanos: '1700000000000000001' }],
    ['/stepName', { stepName: 'another' }],
    ['/parentSpanId', { parentSpanId: hexOf(16, 'another') }],
    ['/attributes', { attributes: { 'gen_ai.request.model': 'model 2' } }],
    ['/events', { events: [] }],
    ['/links', { links: [{ traceId: RUN, spanId: SPAN, attributes: {} }] }],
    ['/resource', { resource: { attributes: { 'service.name': 'another service' } } }],
    ['output', { content: { input: '"asked"', output: '"answered!"' } }],
    ['output', { content: { input: '"asked"', output: '"ANSWERED"' } }],
    ['input', { content: { output: '"answered"' } }],
  ])('with another %s is kept beside the first, which stands, and counted once', async (pointer, change) => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir)
    await append(store, step())
    await append(store, step(change), step())
    await append(store, step(change))
    expect(await readAllLines(store)).toHaveLength(4)
    expect(await told(dir, store)).toEqual({ count: 1, differs: [[pointer]], outcome: 'ok' })
  })

  it('differently redacted and with another end is a contradiction all the same', async () => {
    const { count, differs } = await afterwards(
      [step({ redactions: { email: 1 } })],
      [step({ stepName: '(email)', endNanos: '1700000000000000999' })],
    )
    expect({ count, differs }).toEqual({ count: 1, differs: [['/endNanos']] })
  })

  it('with ever other content is told apart so many times, and counts no further', async () => {
    const others = Array.from({ length: 12 }, (_, index) => step({ stepName: `name ${index}` }))
    const { count, differs, lines } = await afterwards([step()], others, others.toReversed())
    expect(count).toBe(8)
    expect(differs).toEqual(Array.from({ length: 8 }, () => ['/stepName']))
    expect(lines).toBe(25)
  })
})

it.each([false, true])(
  'a contradiction in content that was erased is seen no more; one in what stands is (in a thread: %s)',
  async (indexThread) => {
    const dir = temporaryFolder({ inMemory: true })
    const store = await openForTest(dir, { indexThread })
    await append(store, step(), step({ content: { input: '"asked"', output: '"ANSWERED"' } }), step({ stepName: 'another' }))
    expect(store.index.readRun(RUN)?.conflicts).toBe(2)
    await store.erase({ runId: RUN })
    expect(await told(dir, store)).toEqual({ count: 1, differs: [['/stepName']], outcome: 'ok' })
  },
)
