import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WireAttribute } from '../../src/otlp/index.ts'
import { createPolicyRedactor, type PolicyConfig } from '../../src/redaction/index.ts'
import { ATTR, OPTIONS } from '../../src/schemas/index.ts'
import { instrument, model, startRecorder } from '../../src/sdk/index.ts'
import { redactBody } from '../../src/sdk/spool/redact-body.ts'
import { Spool } from '../../src/sdk/spool/spool.ts'
import { allFiles, Bench, filesWith, spansIn } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const bench = new Bench()
afterEach(async () => {
  vi.unstubAllEnvs()
  await bench.tearDown()
})

const BASE = { schema: 'reprise.redaction-policy/2', id: 'desk', version: '3' } as const
const MAIL = 'ana.lopez@northwind-labs.com'
const WORDS = 'violet heron under glass'
const bodyOf = (...attributes: WireAttribute[]): Uint8Array =>
  writeTraces(groupOf([bareSpan({ attributes: [[ATTR.kind, 'tool'], ...attributes], status: { code: 2, message: WORDS } })]))

function spoolOf(store: string, policy: PolicyConfig): Spool {
  const { spoolMaxBytes, spoolMaxAgeMillis } = OPTIONS
  return new Spool({
    endpoint: 'http://127.0.0.1:4318',
    store,
    spool: true,
    spoolFolder: undefined,
    spoolMaxBytes: spoolMaxBytes.default,
    spoolMaxAgeMillis: spoolMaxAgeMillis.default,
    policy,
  })
}

describe('the spool', () => {
  it('is redacted by the policy of the program', () => {
    const store = bench.folder()
    const body = bodyOf(['note', `for ${MAIL}`])
    const spool = spoolOf(store, { ...BASE, rules: [{ detector: 'email', kind: ['tool'], action: 'mask' }] })
    expect(spool.save([{ body, steps: 1 }], () => [], Number.POSITIVE_INFINITY)).toMatchObject({ spooled: 1, problem: undefined })
    expect(filesWith(store, MAIL)).toEqual([])
    const file = allFiles(store).find((path) => path.endsWith('.spool')) ?? ''
    expect(readFileSync(file).includes('for [redacted]')).toBe(true)
  })
  it.each(['metadata-only', 'allowlist'] as const)('holds nothing of what was written in mode %s', (mode) => {
    const redactor = createPolicyRedactor({ policy: { ...BASE, mode }, key: new Uint8Array(32) })
    const body = bodyOf(
      ['note', WORDS],
      ['list', { array: [WORDS] }],
      ['map', { kvlist: [['k', WORDS]] }],
      ['bytes', { bytes: Buffer.from(WORDS) }],
      ['gen_ai.prompt', WORDS],
      ['gen_ai.input.messages', JSON.stringify([{ role: 'user', content: WORDS }])],
      [ATTR.input, JSON.stringify([WORDS])],
      [ATTR.output, { bytes: Buffer.from(WORDS) }],
      [ATTR.error, { array: [WORDS] }],
      ['gen_ai.request.model', 'm-1'],
      ['size', { int: 7n }],
    )
    const clean = redactBody(body, redactor)
    expect(Buffer.from(clean.body).includes(WORDS)).toBe(false)
    const kept = new Map(spansIn(clean.body)[0]?.attributes)
    expect(kept.get('gen_ai.request.model')).toBe('m-1')
    expect(kept.get('size')).toEqual({ int: 7n })
    expect(kept.get('note')).toBe('[withheld]')
  })
})

const chat = model(async (text: string) => `said ${text}`, { name: 'chat', provider: 'test', model: () => 'm-1' })
const talk = instrument(async function talk(text: string) {
  return await chat(text)
})

describe('what goes to other backends', () => {
  it.each(['metadata-only', 'strict'])('is redacted by the policy of the program (%s)', async (redactionPolicy) => {
    const received: Buffer[] = []
    const backend = await bench.backend((_request, body, response) => {
      received.push(body)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', `team=shop,owner=${MAIL},${encodeURIComponent(MAIL)}=x`)
    const recorder = startRecorder({ endpoint: backend.url, exporter: 'otlp', redactionPolicy })
    await talk(`${WORDS}, ${MAIL}`)
    expect(await recorder.stop()).toMatchObject({ failed: 0 })
    const sent = Buffer.concat(received)
    expect(sent.includes('m-1')).toBe(true)
    expect(sent.includes(MAIL)).toBe(false)
    expect(sent.includes(WORDS)).toBe(redactionPolicy === 'strict')
  })
})

describe('a policy that is none', () => {
  it('is refused by who starts a recorder, with the place and what was expected', () => {
    const folder = mkdtempSync(join(tmpdir(), 'reprise-policy-'))
    try {
      const file = join(folder, 'bad.json')
      writeFileSync(file, JSON.stringify({ ...BASE, mode: 'all' }))
      expect(() => startRecorder({ redactionPolicy: file })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
      expect(() => startRecorder({ redactionPolicy: file })).toThrow(/bad\.json: .*\/mode: /)
      expect(() => startRecorder({ redactionPolicy: join(folder, 'none.json') })).toThrow(/expected one of default, strict/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
