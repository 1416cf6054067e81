import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Committer } from '../../src/collector/pipeline/commitment.ts'
import { createPrepareContext, prepareSteps } from '../../src/collector/pipeline/prepare.ts'
import { attributeValueOf, decodeTraces, type WireAttribute } from '../../src/otlp/index.ts'
import { parseJson } from '../../src/schemas/index.ts'
import { ATTR, canonicalJson, commitmentOf, digestOf, gapRecordSchema, MEDIA_TYPE, spanRecordSchema } from '../../src/schemas/public.ts'
import { resourceSpans, value } from '../otlp/arbitraries.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { blind, one, type Prepared, payloadOf, prepare, redactor, textOf, unpacked } from './pipeline-support.ts'

describe('records', () => {
  it('are canonical JSON, whatever was sent', () => {
    fc.assert(
      fc.property(resourceSpans, fc.constantFrom(redactor, blind), (groups, use) => {
        const prepared = prepare(groups, use)
        for (const { line, core } of prepared.records) {
          expect(line.startsWith(`{"core":${core},"refs":[`)).toBe(true)
          expect(canonicalJson(parseJson(line))).toBe(line)
        }
        const spans = groups.flatMap((group) => group.scopeSpans.flatMap((scope) => scope.spans))
        expect(prepared.records.length + prepared.rejected.length).toBe(spans.length)
      }),
      { numRuns: 300 },
    )
  })

  it('are valid records whose commitments hold, and whose blobs are what their digests say', () => {
    fc.assert(
      fc.property(resourceSpans, (groups) => {
        const { records, blobs } = prepare(groups, blind)
        for (const blob of blobs) if (blob.encoding !== 'manifest') expect(digestOf(blob.data)).toBe(blob.digest)
        for (const { line } of records) {
          const record = spanRecordSchema.parse(parseJson(line))
          expect(record.refs.map((ref) => ref.role)).toEqual(record.core.payloads.map((payload) => payload.role))
          for (const [index, { salt, digest }] of record.refs.entries())
            expect(record.core.payloads[index]!.commitment).toBe(commitmentOf(salt, digest))
        }
      }),
      { numRuns: 150 },
    )
  })

  it('hold every small attribute value without loss', () => {
    fc.assert(
      fc.property(value, (sent) => {
        const { record } = one({ attributes: [['some.key', sent]] }, blind)
        const kept = record.core.attributes['some.key']
        const lifted = payloadOf(record, '/attributes/some.key')
        if (lifted === undefined) expect(kept).toEqual(attributeValueOf(sent))
        else
          expect(record.refs[0]!.digest).toBe(
            digestOf(lifted.mediaType === MEDIA_TYPE.attribute ? canonicalJson(attributeValueOf(sent)) : String(sent)),
          )
      }),
      { numRuns: 500 },
    )
  })

  it('of a span that has failed by its convention alone are errors', () => {
    const attributes: WireAttribute[] = [['langfuse.observation.level', 'ERROR']]
    const { record } = one({ attributes })
    expect(record.core.status).toEqual({ code: 'error' })
    expect(record.core.attributes).toEqual({ 'langfuse.observation.level': 'ERROR' })
    expect(one({ attributes, status: { code: 1, message: '' } }).record.core.status).toEqual({ code: 'ok' })
  })

  it('carry what OTLP said of a span, and leave out what it did not say', () => {
    const { record } = one({
      traceState: 'vendor=1',
      parentSpanId: '00f067aa0ba902b7',
      flags: 257,
      kind: 3,
      droppedAttributes: 4,
      events: [{ name: 'retry', timeNanos: 5n, attributes: [['n', { int: 2n }]], droppedAttributes: 1 }],
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: '', attributes: [], droppedAttributes: 0, flags: 1 }],
      status: { code: 2, message: 'no such tool' },
    })
    expect(record.core).toMatchObject({
      namespace: 'local',
      runId: record.core.traceId,
      traceState: 'vendor=1',
      parentSpanId: '00f067aa0ba902b7',
      flags: 257,
      spanKind: 'client',
      droppedAttributes: 4,
      events: [{ name: 'retry', timeNanos: '5', attributes: { n: 2 }, droppedAttributes: 1 }],
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), attributes: {}, flags: 1 }],
      status: { code: 'error', message: 'no such tool' },
      fidelity: 'observed',
      kind: 'custom',
    })
    expect(Object.keys(one({}).record.core)).not.toEqual(expect.arrayContaining(['flags']))
  })

  it('come in parts when they are many, which together are all of them', () => {
    const spans = Array.from({ length: 3_000 }, (_, index) =>
      bareSpan({ spanId: (index + 1).toString(16).padStart(16, '0'), attributes: [['i', { int: BigInt(index) }]] }),
    )
    const filler = Array.from({ length: 15 }, (_, index) => [`filler.${index}`, 'x'.repeat(500)] as const)
    const groups = groupOf(spans).map((group) => ({ ...group, resource: { attributes: filler, droppedAttributes: 0 } }))
    const context = createPrepareContext({ namespace: 'local', redactor })
    const parts: Prepared[] = []
    for (const step of prepareSteps(decodeTraces(writeTraces(groups), 'protobuf'), context))
      if (step === 'full') parts.push(unpacked(context.batch.take()))
    parts.push(unpacked(context.batch.take()))
    expect(parts.length).toBeGreaterThan(2)
    for (const part of parts) expect(part.records.reduce((sum, { line }) => sum + line.length, 0)).toBeLessThan(5 * 1024 * 1024)
    expect(parts.flatMap((part) => part.records)).toHaveLength(3_000)
    expect(prepare(groups).records).toHaveLength(3_000)
  })

  it('of one resource with a long value each commit to it with a salt of their own, and store it once', () => {
    const groups = groupOf([bareSpan(), bareSpan({ spanId: 'a'.repeat(16) })]).map((group) => ({
      ...group,
      resource: { attributes: [['process.command_line', 'node '.repeat(200)] as const], droppedAttributes: 0 },
    }))
    const prepared = prepare(groups)
    const [first, second] = prepared.records.map((record) => spanRecordSchema.parse(JSON.parse(record.line)))
    expect(first!.core.resource.attributes).toEqual({})
    expect(first!.refs[0]).toMatchObject({ role: '/resource/attributes/process.command_line', digest: second!.refs[0]!.digest })
    expect(first!.refs[0]!.salt).not.toBe(second!.refs[0]!.salt)
    expect(prepared.blobs).toHaveLength(1)
  })
})

describe('commitments', () => {
  it('are those of the schema, each with a salt of its own', () => {
    const committer = new Committer()
    const salts = new Set<string>()
    for (let index = 0; index < 1_000; index++) {
      const digest = digestOf(String(index))
      const { commitment, salt } = committer.commit(digest)
      expect(commitment).toBe(commitmentOf(salt, digest))
      salts.add(salt)
    }
    expect(salts.size).toBe(1_000)
  })
})

describe('attributes of ours', () => {
  const ours: WireAttribute[] = [
    [ATTR.runId, 'c'.repeat(32)],
    [ATTR.kind, 'tool'],
    [ATTR.operation, 'execute_tool'],
    [ATTR.stepName, 'lookup'],
    [ATTR.sequence, { int: 7n }],
    [ATTR.effect, 'read'],
    [ATTR.fidelity, 'replayable'],
    [ATTR.shape, 'promise'],
    [ATTR.deliveries, { array: [{ int: 3n }, { int: 1n }] }],
    [ATTR.cuts, JSON.stringify([{ what: 'input', reason: 'depth', count: 2 }])],
    [ATTR.seed, 's1'],
    [ATTR.input, '[{"city":"Oslo"}]'],
    [ATTR.output, { bytes: Uint8Array.of(0xc0) }],
    [ATTR.outputMediaType, MEDIA_TYPE.msgpack],
    ['own.attribute', 'stays'],
    [ATTR.metricName, 'loss'],
  ]

  it('become fields and payloads; all others stay', () => {
    const { record, prepared } = one({ attributes: ours })
    expect(record.core).toMatchObject({
      runId: 'c'.repeat(32),
      kind: 'tool',
      operation: 'execute_tool',
      stepName: 'lookup',
      sequence: 7,
      effect: 'read',
      shape: 'promise',
      deliveries: [3, 1],
      cuts: [{ what: 'input', reason: 'depth', count: 2 }],
      seed: 's1',
      fidelity: 'replayable',
      attributes: { 'own.attribute': 'stays', [ATTR.metricName]: 'loss' },
      payloads: [
        { role: 'input', mediaType: MEDIA_TYPE.json },
        { role: 'output', mediaType: MEDIA_TYPE.msgpack, sizeBytes: 1 },
      ],
    })
    expect(textOf(prepared, record, 'input')).toBe('[{"city":"Oslo"}]')
  })

  it('do not make a span replayable that another exporter carried', () => {
    const { record } = one({
      attributes: [
        [ATTR.runId, 'c'.repeat(32)],
        [ATTR.kind, 'tool'],
      ],
    })
    expect(record.core).toMatchObject({
      fidelity: 'observed',
      kind: 'tool',
      operation: 'execute_tool',
      stepName: 'work',
      runId: 'c'.repeat(32),
    })
  })

  it('with pending announce a step that has no end yet', () => {
    const { record } = one({
      endNanos: 0n,
      attributes: [
        [ATTR.kind, 'agent'],
        [ATTR.pending, true],
      ],
    })
    expect(record.core).toMatchObject({ pending: true, kind: 'agent', operation: 'invoke_agent' })
    expect(record.core.endNanos).toBeUndefined()
  })

  it.each<[string, WireAttribute['1'], RegExp]>([
    [ATTR.kind, 'llm', /reprise\.kind: expected one of run, agent/],
    [ATTR.kind, { int: 1n }, /reprise\.kind/],
    [ATTR.runId, '0'.repeat(32), /reprise\.run\.id: expected 32 lowercase hex digits, not all zero/],
    [ATTR.runId, 'C'.repeat(32), /reprise\.run\.id/],
    [ATTR.sequence, { int: -1n }, /reprise\.sequence: expected a whole number/],
    [ATTR.sequence, { int: 2n ** 60n }, /reprise\.sequence/],
    [ATTR.sequence, 'hunter2', /reprise\.sequence/],
    [ATTR.deliveries, { array: ['x'] }, /reprise\.deliveries/],
    [ATTR.cuts, '[{"what":1}]', /reprise\.cuts/],
    [ATTR.cuts, 'hunter2', /reprise\.cuts/],
    [ATTR.pending, 'yes', /reprise\.pending: expected true or false/],
    [ATTR.input, { int: 5n }, /reprise\.input: expected a string or bytes/],
    [ATTR.inputMediaType, 'text/html\r\nx: y', /reprise\.input\.media_type: expected a media type/],
    [ATTR.gapCount, { int: 3n }, /reprise\.gap\.reason/],
  ])('%s with a wrong value (%#) rejects the span by name, without repeating the value', (key, bad, message) => {
    const prepared = prepare(groupOf([bareSpan({ attributes: [[key, bad]] }), bareSpan({ spanId: 'b'.repeat(16) })]))
    expect(prepared.records).toHaveLength(1)
    expect(prepared.rejected).toEqual([{ spanName: 'work', spanId: bareSpan().spanId, reason: expect.stringMatching(message) }])
    expect(prepared.rejected[0]!.reason).not.toContain('hunter2')
  })

  it('that tell of a gap become a gap record', () => {
    const groups = groupOf([
      bareSpan({
        attributes: [
          [ATTR.gapReason, 'buffer_full'],
          [ATTR.gapCount, { int: 12n }],
          [ATTR.runId, 'd'.repeat(32)],
        ],
      }),
    ]).map((group) => ({
      ...group,
      resource: { attributes: [['service.instance.id', 'worker-3'] as const], droppedAttributes: 0 },
    }))
    const { records } = prepare(groups)
    expect(gapRecordSchema.parse(JSON.parse(records[0]!.line))).toEqual({
      core: { schema: 'reprise.gap/1', namespace: 'local', runId: 'd'.repeat(32), sender: 'worker-3', reason: 'buffer_full', count: 12 },
      refs: [],
    })
    expect(canonicalJson(JSON.parse(records[0]!.line))).toBe(records[0]!.line)
  })
})
