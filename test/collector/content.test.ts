import { describe, expect, it } from 'vitest'
import type { WireAttribute } from '../../src/otlp/index.ts'
import { ATTR, canonicalJson, MEDIA_TYPE, spanRecordSchema } from '../../src/schemas/public.ts'
import { bareSpan, groupOf } from '../otlp/helpers.ts'
import { failing, one, only, payloadOf, prepare, redactor, textOf } from './pipeline-support.ts'

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

  it('of a resource too large to stand in every record becomes one payload, all but the service', () => {
    const many = Array.from({ length: 300 }, (_, index) => [`k8s.label.${index}`, `value ${index} jane@example.org`] as const)
    const attributes: WireAttribute[] = [['service.name', 'shop'], ...many]
    const groups = groupOf([bareSpan(), bareSpan({ spanId: 'a'.repeat(16) })]).map((group) => ({
      ...group,
      resource: { attributes, droppedAttributes: 0 },
    }))
    const prepared = prepare(groups)
    for (const { line } of prepared.records) {
      const record = spanRecordSchema.parse(JSON.parse(line))
      expect(line.length).toBeLessThan(2_500)
      expect(record.core.resource.attributes).toEqual({ 'service.name': 'shop' })
      expect(record.core.payloads).toMatchObject([{ role: '/resource/attributes', mediaType: MEDIA_TYPE.attribute }])
      expect(record.core.redactions).toEqual({ email: 300 })
    }
    const whole = prepared.blobs.find((blob) => blob.encoding !== 'manifest' && Buffer.from(blob.data).includes('k8s.label.299'))
    expect(whole).toBeDefined()
    for (const blob of prepared.blobs) expect(Buffer.from(blob.data).includes('jane')).toBe(false)
  })

  it('of a name that is too long leaves a mark in its place', () => {
    const { record, prepared } = one({ name: 'n'.repeat(2_000) })
    expect(record.core.name).toBe('<payload:/name>')
    expect(textOf(prepared, record, '/name')).toHaveLength(2_000)
  })

  it('of repeated keys is the last one, and the others are counted', () => {
    const { record } = one({
      attributes: [
        ['a', 'first'],
        ['b', 'x'],
        ['a', 'second'],
        ['a', 'third'],
      ],
    })
    expect(record.core.attributes).toEqual({ a: 'third', b: 'x' })
    expect(record.core.cuts).toEqual([{ what: '/attributes', reason: 'repeated_key', count: 2 }])
  })

  it.each(['__proto__', 'constructor', 'toString', '', '4294967294'])('under the key %j is data like any other', (key) => {
    const { prepared } = one({
      attributes: [
        [key, 'v'],
        ['z', { kvlist: [[key, 'w']] }],
      ],
    })
    expect(prepared.records[0]!.core).toContain(`${JSON.stringify(key)}:"v"`)
    expect(({} as Record<string, unknown>)['v']).toBeUndefined()
  })
})

describe('redaction', () => {
  const email = 'jane.doe@example.org'
  it('hides numbers of people, which their keys name, and no others', () => {
    const attributes: WireAttribute[] = [
      ['customer.utr', { int: 8156189868n }],
      ['customer.nhs_number', { int: 9434765919n }],
      ['order', { int: 8156189868n }],
      ['utr', { int: 8156189867n }],
    ]
    const kept = one({ attributes }).record.core.attributes
    expect(kept['order']).toBe(8156189868)
    expect(kept['utr']).toBe(8156189867)
    expect(kept['customer.utr']).toMatch(/^\[.*\]$|^<.*>$/)
    expect(kept['customer.nhs_number']).toMatch(/^\[.*\]$|^<.*>$/)
  })

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
        attributes: [
          ...attributes,
          [ATTR.kind, 'tool'],
          [ATTR.stepName, `step ${email}`],
          [ATTR.operation, `op ${email}`],
          [ATTR.seed, email],
          [ATTR.input, JSON.stringify([email])],
          [ATTR.cuts, JSON.stringify([{ what: email, reason: email, count: 1 }])],
        ],
        events: [{ name: `event ${email}`, timeNanos: 1n, attributes, droppedAttributes: 0 }],
        links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceState: `v=${email}`, attributes, droppedAttributes: 0, flags: 0 }],
        status: { code: 2, message: `status ${email}` },
      }),
    ]).map((group) => ({
      ...group,
      schemaUrl: `http://x/${email}`,
      resource: { attributes, droppedAttributes: 0 },
      scopeSpans: group.scopeSpans.map((scope) => ({
        ...scope,
        schemaUrl: `http://x/${email}`,
        scope: { name: email, version: email, attributes, droppedAttributes: 0 },
      })),
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
    const { record } = one({
      attributes: [
        ['db.password', 'correct horse'],
        ['http.request.header.authorization', { array: ['Bearer abcdef0123456789abcdef'] }],
        ['nested', { kvlist: [['password', 'hunter2hunter2']] }],
      ],
    })
    expect(JSON.stringify(record)).not.toMatch(/correct horse|abcdef0123456789|hunter2/)
  })

  it('counts a resource once in the totals, and in every record that holds it', () => {
    const groups = groupOf([bareSpan(), bareSpan({ spanId: 'a'.repeat(16) })]).map((group) => ({
      ...group,
      resource: { attributes: [['owner', email] as const], droppedAttributes: 0 },
    }))
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
    const { record } = one({
      attributes: [
        [email, 'a'],
        [token, 'b'],
      ],
    })
    expect(Object.values(record.core.attributes)).toEqual(['a'])
    expect(record.core.cuts).toEqual([{ what: '/attributes', reason: 'repeated_key', count: 1 }])
  })
})
