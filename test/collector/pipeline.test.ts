import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPrepareContext, prepareTraces, type PreparedTraces } from '../../src/collector/pipeline/prepare.ts'
import { ATTR, canonicalJson, commitmentOf, digestOf, gapRecordSchema, MEDIA_TYPE, type SpanRecord, spanRecordSchema } from '../../src/schemas/index.ts'
import { attributeValueOf, decodeTraces, type WireAttribute, type WireResourceSpans, type WireSpan } from '../../src/otlp/index.ts'
import { createRedactor, type Redactor } from '../../src/redaction/index.ts'
import { resourceSpans, value } from '../otlp/arbitraries.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) })
/** A redactor that finds nothing, so that what comes out can be compared with what went in. */
const blind: Redactor = {
  policy: redactor.policy,
  redactText: (text) => ({ value: text, counts: undefined }),
  redactJson: (text) => ({ value: text, counts: undefined }),
  redactValue: (data) => ({ value: data, counts: undefined }),
  redactPayload: (_type, data) => ({ value: data, counts: undefined }),
}
/** Throws wherever it meets the word. */
const failing: Redactor = {
  ...redactor,
  redactText: (text, field) => (text.includes('boom') ? fail() : redactor.redactText(text, field)),
  redactPayload: (type, data, field) => (Buffer.from(data).includes('boom') ? fail() : redactor.redactPayload(type, data, field)),
}
function fail(): never {
  throw new Error('the redactor broke on boom')
}

function prepare(groups: readonly WireResourceSpans[], use: Redactor = redactor): PreparedTraces {
  return prepareTraces(decodeTraces(writeTraces(groups), 'protobuf'), createPrepareContext({ namespace: 'local', redactor: use }))
}

function only(prepared: PreparedTraces): SpanRecord {
  expect(prepared.rejected).toEqual([])
  expect(prepared.records).toHaveLength(1)
  return spanRecordSchema.parse(JSON.parse(prepared.records[0]!.line))
}

const one = (fields: Partial<WireSpan>, use?: Redactor): { record: SpanRecord; prepared: PreparedTraces } => {
  const prepared = prepare(groupOf([bareSpan(fields)]), use)
  return { record: only(prepared), prepared }
}
const payloadOf = (record: SpanRecord, role: string): SpanRecord['core']['payloads'][number] | undefined => record.core.payloads.find((payload) => payload.role === role)
const textOf = (prepared: PreparedTraces, record: SpanRecord, role: string): string => {
  const digest = record.refs.find((ref) => ref.role === role)!.digest
  return Buffer.from(prepared.blobs.find((blob) => blob.digest === digest)!.data).toString('utf8')
}

describe('records', () => {
  it('are canonical JSON, whatever was sent', () => {
    fc.assert(
      fc.property(resourceSpans, fc.constantFrom(redactor, blind), (groups, use) => {
        const prepared = prepare(groups, use)
        for (const { line, core } of prepared.records) {
          expect(line.startsWith(`{"core":${core},"refs":[`)).toBe(true)
          expect(canonicalJson(JSON.parse(line))).toBe(line)
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
          const record = spanRecordSchema.parse(JSON.parse(line))
          expect(record.refs.map((ref) => ref.role)).toEqual(record.core.payloads.map((payload) => payload.role))
          for (const [index, { salt, digest }] of record.refs.entries()) expect(record.core.payloads[index]!.commitment).toBe(commitmentOf(salt, digest))
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
        else expect(record.refs[0]!.digest).toBe(digestOf(lifted.mediaType === MEDIA_TYPE.attribute ? canonicalJson(attributeValueOf(sent)) : String(sent)))
      }),
      { numRuns: 500 },
    )
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
      payloads: [{ role: 'input', mediaType: MEDIA_TYPE.json }, { role: 'output', mediaType: MEDIA_TYPE.msgpack, sizeBytes: 1 }],
    })
    expect(textOf(prepared, record, 'input')).toBe('[{"city":"Oslo"}]')
  })

  it('do not make a span replayable that another exporter carried', () => {
    const { record } = one({ attributes: [[ATTR.runId, 'c'.repeat(32)], [ATTR.kind, 'tool']] })
    expect(record.core).toMatchObject({ fidelity: 'observed', kind: 'tool', operation: 'execute_tool', stepName: 'work', runId: 'c'.repeat(32) })
  })

  it('with pending announce a step that has no end yet', () => {
    const { record } = one({ endNanos: 0n, attributes: [[ATTR.kind, 'agent'], [ATTR.pending, true]] })
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
    const groups = groupOf([bareSpan({ attributes: [[ATTR.gapReason, 'buffer_full'], [ATTR.gapCount, { int: 12n }], [ATTR.runId, 'd'.repeat(32)]] })]).map((group) => ({
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

describe('content', () => {
  it('leaves the record when it is on the content list, and at 513 bytes when it is not', () => {
    const { record, prepared } = one({
      attributes: [
        ['gen_ai.input.messages', '[]'],
        ['just.fits', 'x'.repeat(512)],
        ['just.over', 'x'.repeat(513)],
        ['over.in/utf~8', '語'.repeat(171)],
        ['list', { array: Array.from({ length: 200 }, (_, index) => ({ int: BigInt(index) })) }],
      ],
      status: { code: 2, message: 'm'.repeat(600) },
      events: [{ name: 'exception', timeNanos: 1n, attributes: [['exception.stacktrace', 'at x']], droppedAttributes: 0 }],
    })
    expect(Object.keys(record.core.attributes)).toEqual(['just.fits'])
    expect(record.core.payloads.map(({ role, mediaType }) => [role, mediaType])).toEqual([
      ['/status/message', MEDIA_TYPE.text],
      ['/attributes/gen_ai.input.messages', MEDIA_TYPE.text],
      ['/attributes/just.over', MEDIA_TYPE.text],
      ['/attributes/over.in~1utf~08', MEDIA_TYPE.text],
      ['/attributes/list', MEDIA_TYPE.attribute],
      ['/events/0/attributes/exception.stacktrace', MEDIA_TYPE.text],
    ])
    expect(record.core.status).toEqual({ code: 'error' })
    expect(textOf(prepared, record, '/attributes/over.in~1utf~08')).toBe('語'.repeat(171))
  })

  it('of a name that is too long leaves a mark in its place', () => {
    const { record, prepared } = one({ name: 'n'.repeat(2_000) })
    expect(record.core.name).toBe('<payload:/name>')
    expect(textOf(prepared, record, '/name')).toHaveLength(2_000)
  })

  it('of repeated keys is the last one, and the others are counted', () => {
    const { record } = one({ attributes: [['a', 'first'], ['b', 'x'], ['a', 'second'], ['a', 'third']] })
    expect(record.core.attributes).toEqual({ a: 'third', b: 'x' })
    expect(record.core.cuts).toEqual([{ what: '/attributes', reason: 'repeated_key', count: 2 }])
  })

  it.each(['__proto__', 'constructor', 'toString', '', '4294967294'])('under the key %j is data like any other', (key) => {
    const { prepared } = one({ attributes: [[key, 'v'], ['z', { kvlist: [[key, 'w']] }]] })
    expect(prepared.records[0]!.core).toContain(`${JSON.stringify(key)}:"v"`)
    expect(({} as Record<string, unknown>)['v']).toBeUndefined()
  })
})

describe('redaction', () => {
  const email = 'jane.doe@example.org'
  it('reaches every string, and counts by rule', () => {
    const bytes = { bytes: Buffer.from(`bytes ${email}`) }
    const attributes: WireAttribute[] = [
      ['text', `t ${email}`],
      [`key ${email}`, 'v'],
      ['array', { array: [`a ${email}`, { kvlist: [[`k ${email}`, `v ${email}`]] }] }],
      ['bytes', bytes],
      ['binary', { bytes: Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(` ${email} `)]) }],
      ['card', { int: 4111111111111111n }],
      ['card.double', 4111111111111111],
      ['gen_ai.input.messages', JSON.stringify([{ role: 'user', content: email }])],
    ]
    const groups = groupOf([
      bareSpan({
        name: `name ${email}`,
        traceState: `v=${email}`,
        attributes: [...attributes, [ATTR.kind, 'tool'], [ATTR.stepName, `step ${email}`], [ATTR.operation, `op ${email}`], [ATTR.seed, email], [ATTR.input, JSON.stringify([email])], [ATTR.cuts, JSON.stringify([{ what: email, reason: email, count: 1 }])]],
        events: [{ name: `event ${email}`, timeNanos: 1n, attributes, droppedAttributes: 0 }],
        links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: `v=${email}`, attributes, droppedAttributes: 0, flags: 0 }],
        status: { code: 2, message: `status ${email}` },
      }),
    ]).map((group) => ({
      ...group,
      schemaUrl: `http://x/${email}`,
      resource: { attributes, droppedAttributes: 0 },
      scopeSpans: group.scopeSpans.map((scope) => ({ ...scope, schemaUrl: `http://x/${email}`, scope: { name: email, version: email, attributes, droppedAttributes: 0 } })),
    }))
    const prepared = prepare(groups)
    const record = only(prepared)
    const everything = [prepared.records[0]!.line, ...prepared.blobs.map((blob) => Buffer.from(blob.data).toString('latin1'))].join('\n')
    expect(everything).not.toContain('jane.doe')
    expect(everything).not.toContain('4111111111111111')
    expect(everything).not.toContain(Buffer.from(`xx${email}`).toString('base64').slice(4, -4))
    expect(record.core.redactions!['email']).toBeGreaterThan(30)
    expect(record.core.redactions!['payment-card'] ?? Object.keys(record.core.redactions!)).toBeTruthy()
    expect(prepared.redactions).toEqual(record.core.redactions)
    expect(canonicalJson(JSON.parse(prepared.records[0]!.line))).toBe(prepared.records[0]!.line)
  })

  it('goes by the name of the attribute where the value alone says nothing', () => {
    const { record } = one({ attributes: [['db.password', 'correct horse'], ['http.request.header.authorization', { array: ['Bearer abcdef0123456789abcdef'] }], ['nested', { kvlist: [['password', 'hunter2hunter2']] }]] })
    expect(JSON.stringify(record)).not.toMatch(/correct horse|abcdef0123456789|hunter2/)
  })

  it('counts a resource once in the totals, and in every record that holds it', () => {
    const groups = groupOf([bareSpan(), bareSpan({ spanId: 'a'.repeat(16) })]).map((group) => ({ ...group, resource: { attributes: [['owner', email] as const], droppedAttributes: 0 } }))
    const prepared = prepare(groups)
    expect(prepared.redactions).toEqual({ email: 1 })
    for (const { line } of prepared.records) expect(spanRecordSchema.parse(JSON.parse(line)).core.redactions).toEqual({ email: 1 })
  })

  it('that fails withholds the content, says so, and keeps the rest', () => {
    const { record, prepared } = one(
      {
        name: 'boom name',
        attributes: [
          ['bad', 'boom'],
          ['boom.key', 'value under a key that failed'],
          ['good', 'fine'],
          ['deep', { array: ['fine too', { kvlist: [['x', 'boom']] }] }],
          ['gen_ai.input.messages', '["boom"]'],
          [ATTR.kind, 'model'],
          [ATTR.input, '["boom"]'],
          [ATTR.output, '"kept"'],
        ],
        status: { code: 2, message: 'boom' },
      },
      failing,
    )
    expect(record.core.name).toBe('<withheld:redactor_failed>')
    expect(record.core.attributes).toMatchObject({
      good: 'fine',
      bad: '<withheld:redactor_failed>',
      deep: '<withheld:redactor_failed>',
      'gen_ai.input.messages': '<withheld:redactor_failed>',
    })
    expect(payloadOf(record, 'input')).toEqual({ role: 'input', mediaType: MEDIA_TYPE.json, sizeBytes: 0, withheld: 'redactor_failed' })
    expect(payloadOf(record, 'output')).toHaveProperty('commitment')
    for (const role of ['/name', '/status/message', '/attributes/bad', '/attributes/deep', '/attributes/gen_ai.input.messages']) {
      expect(payloadOf(record, role)?.withheld).toBe('redactor_failed')
    }
    expect(record.core.cuts).toEqual([{ what: '<withheld:key:1>', reason: 'redactor_failed', count: 1 }])
    expect(prepared.withheld['redactor_failed']).toBe(6)
    expect(prepared.records[0]!.line).not.toContain('boom')
    for (const blob of prepared.blobs) expect(Buffer.from(blob.data).includes('boom')).toBe(false)
  })

  it('makes two keys into one only if a sender wants it so, and then keeps one', () => {
    const token = redactor.redactText(email).value
    const { record } = one({ attributes: [[email, 'a'], [token, 'b']] })
    expect(Object.values(record.core.attributes)).toEqual(['a'])
    expect(record.core.cuts).toEqual([{ what: '/attributes', reason: 'repeated_key', count: 1 }])
  })
})
