import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/schemas/index.ts'
import { canonicalJson, logRecordSchema, MEDIA_TYPE } from '../../src/schemas/public.ts'
import { logGroups } from '../otlp/arbitraries.ts'
import { bareLog, logGroupOf } from '../otlp/helpers.ts'
import { linesOf, oneLog, payloadsOf, prepareLogGroups } from './logs-support.ts'
import { blind, failing } from './pipeline-support.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const CARD = '4111 1111 1111 1111'

describe('a log record', () => {
  it('keeps its fields, and its body as a payload whatever it is', () => {
    const { record, payloads } = oneLog({
      observedNanos: 7n,
      severityNumber: 17,
      severityText: 'ERROR',
      flags: 1,
      traceId: TRACE,
      spanId: SPAN,
      eventName: 'checkout.failed',
      attributes: [['order', { int: 4n }]],
      droppedAttributes: 2,
    })
    expect(record.core).toMatchObject({
      schema: 'reprise.log/1',
      runId: TRACE,
      traceId: TRACE,
      spanId: SPAN,
      flags: 1,
      timeNanos: '1763720000000000000',
      observedNanos: '7',
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'checkout.failed',
      attributes: { order: 4 },
      droppedAttributes: 2,
      payloads: [{ role: '/body', mediaType: MEDIA_TYPE.text, sizeBytes: 11 }],
    })
    expect(payloads.get('/body')).toBe('it happened')
    expect(JSON.stringify(record.core)).not.toContain('it happened')
  })

  it('without trace, times, severity or body leaves them out', () => {
    const { record } = oneLog({ timeNanos: 0n, body: null })
    expect(Object.keys(record.core).sort()).toEqual(['attributes', 'namespace', 'payloads', 'policy', 'resource', 'schema', 'scope'])
    expect(record.core.payloads).toEqual([])
  })

  it('belongs to the run that it names, else to its trace', () => {
    const run = 'ab'.repeat(16)
    const { record } = oneLog({ traceId: TRACE, attributes: [['reprise.run.id', run]] })
    expect(record.core).toMatchObject({ runId: run, traceId: TRACE, attributes: {} })
    const prepared = prepareLogGroups(logGroupOf([bareLog({ attributes: [['reprise.run.id', 'nonsense']] }), bareLog()]))
    expect(prepared.rejected).toEqual([{ reason: 'attributes.reprise.run.id: expected 32 lowercase hex digits, not all zero' }])
    expect(linesOf(prepared)).toHaveLength(1)
  })

  it('says what was wrong with ids and severities that it is kept without', () => {
    const { record } = oneLog({ invalidIds: ['traceId', 'spanId'], severityNumber: -3 })
    expect(record.core.cuts).toEqual([
      { what: '/traceId', reason: 'invalid_id', count: 1 },
      { what: '/spanId', reason: 'invalid_id', count: 1 },
      { what: '/severityNumber', reason: 'out_of_range', count: 1 },
    ])
    expect(record.core.runId).toBeUndefined()
  })

  it('takes the name of an event from the attribute of older senders, which stays', () => {
    const attribute = ['event.name', 'gen_ai.user.message'] as const
    expect(oneLog({ attributes: [attribute] }).record.core).toMatchObject({
      eventName: 'gen_ai.user.message',
      attributes: { 'event.name': 'gen_ai.user.message' },
    })
    expect(oneLog({ eventName: 'newer', attributes: [attribute] }).record.core.eventName).toBe('newer')
  })
})

describe('the content of GenAI events', () => {
  it('of gen_ai.client.inference.operation.details is found under its attributes', () => {
    const messages = {
      array: [
        {
          kvlist: [
            ['role', 'user'],
            ['parts', { array: [{ kvlist: [['content', `pay with ${CARD}`]] as const }] }],
          ] as const,
        },
      ],
    }
    const { record, payloads } = oneLog({
      eventName: 'gen_ai.client.inference.operation.details',
      body: null,
      traceId: TRACE,
      spanId: SPAN,
      attributes: [
        ['gen_ai.operation.name', 'chat'],
        ['gen_ai.input.messages', messages],
        ['gen_ai.output.messages', { array: [] }],
        ['gen_ai.system_instructions', '[{"type":"text","content":"be kind"}]'],
      ],
    })
    expect(record.core.attributes).toEqual({ 'gen_ai.operation.name': 'chat' })
    expect(record.core.payloads.map(({ role, mediaType }) => [role, mediaType])).toEqual([
      ['/attributes/gen_ai.input.messages', MEDIA_TYPE.attribute],
      ['/attributes/gen_ai.output.messages', MEDIA_TYPE.attribute],
      ['/attributes/gen_ai.system_instructions', MEDIA_TYPE.text],
    ])
    const kept = payloads.get('/attributes/gen_ai.input.messages')
    expect(kept).toContain('pay with <payment-card:')
    expect(kept).not.toContain('4111')
    expect(record.core.redactions).toEqual({ 'payment-card': 1 })
  })

  it.each(['gen_ai.user.message', 'gen_ai.choice'])('of %s is its body', (name) => {
    const body = { kvlist: [['message', { kvlist: [['content', 'mail jane@example.org']] as const }]] as const }
    const { record, payloads } = oneLog({ attributes: [['event.name', name]], body })
    expect(record.core.payloads).toMatchObject([{ role: '/body', mediaType: MEDIA_TYPE.attribute }])
    expect(payloads.get('/body')).toMatch(/^\{"kvlist":\[\["message",\{"kvlist":\[\["content","mail <email:[0-9a-f]{12}>"\]\]\}\]\]\}$/)
  })
})

describe('redaction', () => {
  it('reaches every string', () => {
    const mail = 'jane@example.org'
    const { record, payloads } = oneLog({
      body: `to ${mail}`,
      severityText: mail,
      eventName: mail,
      attributes: [
        ['a', mail],
        [mail, 'key'],
        ['deep', { array: [{ kvlist: [[mail, mail]] }] }],
      ],
    })
    expect(JSON.stringify([record, ...payloads])).not.toContain('jane')
    expect(record.core.redactions?.['email']).toBe(7)
  })

  it('that fails withholds the content and says so', () => {
    const { record, payloads } = oneLog({ body: 'boom', attributes: [['a', 'boom']], eventName: 'boom' }, failing)
    expect(record.core.payloads).toMatchObject([
      { role: '/body', withheld: 'redactor_failed' },
      { role: '/eventName', withheld: 'redactor_failed' },
      { role: '/attributes/a', withheld: 'redactor_failed' },
    ])
    expect(JSON.stringify([record, ...payloads])).not.toContain('boom')
    expect(prepareLogGroups(logGroupOf([bareLog({ body: 'boom' })]), failing).withheld).toEqual({ redactor_failed: 1 })
    expect(oneLog({ body: { array: ['boom'] } }, failing).record.core.payloads).toMatchObject([
      { role: '/body', withheld: 'redactor_failed' },
    ])
  })
})

it('any log record becomes a valid record of canonical JSON, or is rejected alone', () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  fc.assert(
    fc.property(logGroups, (groups) => {
      const prepared = prepareLogGroups(groups, blind)
      const total = groups.flatMap((group) => group.scopeLogs.flatMap((scope) => scope.logRecords)).length
      const lines = linesOf(prepared)
      expect(lines.length + prepared.rejected.length).toBe(total)
      const payloads = payloadsOf(prepared)
      for (const line of lines) {
        const sent: unknown = parseJson(line)
        // Not of what the validator gives back: it leaves out keys such as `__proto__`, which are data here.
        expect(canonicalJson(sent)).toBe(line)
        for (const { digest } of logRecordSchema.parse(sent).refs) expect(payloads.has(digest)).toBe(true)
      }
    }),
    { numRuns: 200 },
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
})
