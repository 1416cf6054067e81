import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import {
  createRedactorFor,
  createRedactorOf,
  normalizeTokens,
  type PolicyConfig,
  policyRefOf,
  policyTextOf,
  type Redactor,
} from '../../src/redaction/index.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'
import { readRecordedPolicy, redactorOfRecorded } from '../../src/replay/recording/recorded-policy.ts'
import { ATTR, digestOf, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { loadDetectors } from '../../src/sdk/spool/index.ts'
import { Bench, filesWith, post, readTape } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-plugged-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const key = new Uint8Array(32).fill(2)

/** Knows two names and a street, as a model would that was trained on nothing else. */
const GAZETTEER = `
export const name = 'gazetteer'
export const version = '1.2'
export function detect(text) {
  return [...text.matchAll(/Ana Lopez|Kofi Mensah|\\d+ Harbour Street/g)].map(({ index, 0: found }) => (
    { start: index, end: index + found.length, detector: /\\d/.test(found) ? 'street-address' : 'person-name' }
  ))
}`
let files = 0
function policyWith(source: string, more: Record<string, unknown> = {}): PolicyConfig {
  const module = join(folder, `detector-${files++}.mjs`)
  writeFileSync(module, source)
  const detector = { name: 'gazetteer', version: '1.2', module, gives: ['person-name', 'street-address'], ...more }
  return parsePolicy({ schema: 'reprise.redaction-policy/2', id: 'plugged', version: '1', detectors: [detector] })
}
const redactorOn = (policy: PolicyConfig): Redactor => createRedactorFor({ policy, key, plugged: loadDetectors(policy) })
const doing = (body: string): string =>
  GAZETTEER.replace(/export function detect[\s\S]*$/, `export function detect(text, { field }) { ${body} }`)

describe('a detector of somebody’s own', () => {
  const redactor = redactorOn(policyWith(GAZETTEER))
  const json = (value: unknown): unknown => JSON.parse(normalizeTokens(redactor.redactJson(JSON.stringify(value)).value))

  it('is asked about every text, whatever it stands in, and what it finds goes like all else', () => {
    const text = 'Ana Lopez (ana@example.com), 12 Harbour Street, met Kofi Mensah'
    const once = redactor.redactText(text)
    expect(normalizeTokens(once.value)).toBe('<person-name#1> (<email#1>), <street-address#1>, met <person-name#2>')
    expect(once.counts).toEqual({ 'person-name': 2, email: 1, 'street-address': 1 })
    expect(redactor.redactText(once.value)).toEqual({ value: once.value, counts: undefined })
    expect(json({ a: ['for Ana Lopez'], b: JSON.stringify({ c: 'Kofi Mensah' }) })).toEqual({
      a: ['for <person-name#1>'],
      b: JSON.stringify({ c: '<person-name#2>' }),
    })
    expect(json(['by A', 'na Lo', 'pez now'])).toEqual(['by <person-name#1>', '', ' now'])
    const bytes = redactor.redactPayload(MEDIA_TYPE.json, Buffer.from('{"to":"Ana Lopez"}')).value
    expect(normalizeTokens(String(bytes))).toBe('{"to":"<person-name#1>"}')
    expect(redactor.redactValue(new Map([['x', 'Ana Lopez']])).counts).toEqual({ 'person-name': 1 })
    const encoded = Buffer.from('written by Ana Lopez, and by nobody else').toString('base64')
    expect(normalizeTokens(redactor.redactText(`see ${encoded}`).value)).toBe('see <encoded-secret#1>')
  })

  it.each([
    ['throws', "throw new Error('about ' + text)"],
    ['takes too long', 'for (;;) {}'],
    ['gives a promise', 'return Promise.resolve([])'],
    ['gives what is no stretch', "return [{ start: 3, end: text.length + 1, detector: 'person-name' }]"],
    ['gives a name that it may not', "return [{ start: 0, end: 3, detector: 'email' }]"],
    [
      'never comes to an end',
      "const at = text.lastIndexOf('x'); return at < 0 ? [] : [{ start: at, end: at + 1, detector: 'person-name' }]",
    ],
  ])('that %s is never a reason to keep a text', (_, body) => {
    const failing = redactorOn(policyWith(doing(body), { budgetMillis: 40 }))
    const text = `the plan of Ana ${'x'.repeat(60)}`
    let message = ''
    try {
      failing.redactText(text)
    } catch (error) {
      expect(error).toMatchObject({ code: 'redaction_failed' })
      message = String(error)
    }
    expect(message).not.toBe('')
    expect(message).not.toContain('Ana')
  })

  it('is stopped when the time is up that its policy gives it, and leaves nothing behind', () => {
    const failing = redactorOn(policyWith(doing('for (;;) {}'), { budgetMillis: 30 }))
    expect(() => failing.redactText('the plan of Ana')).toThrow(/the detector gazetteer .*took longer than 30 ms/)
    expect(Reflect.has(globalThis, Symbol.for('reprise.detector'))).toBe(false)
    const quick = redactorOn(policyWith(GAZETTEER, { budgetMillis: 60_000 }))
    expect(quick.redactText('by Ana Lopez').counts).toEqual({ 'person-name': 1 })
  })

  it('is given no text that is longer than its policy says, and the name of the field', () => {
    const own = redactorOn(
      policyWith(doing("return field === 'author' ? [{ start: 0, end: 3, detector: 'person-name' }] : []"), { maxChars: 40 }),
    )
    expect(() => own.redactText('a'.repeat(41))).toThrow(/gazetteer takes no text of more than 40/)
    expect(own.redactText('Ana', 'author').counts).toEqual({ 'person-name': 1 })
    expect(own.redactText('Ana', 'title').counts).toBeUndefined()
  })

  it('is part of the policy’s digest, and needed wherever the policy works', () => {
    const policy = policyWith(GAZETTEER)
    const [detector] = policy.detectors ?? []
    const digests = [policy, { ...policy, detectors: [{ ...detector!, version: '1.3' }] }, { ...policy, detectors: [] }].map((one) =>
      policyTextOf(one),
    )
    expect(new Set(digests).size).toBe(3)
    expect(() => createRedactorFor({ policy, key })).toThrow(/its detector gazetteer is not loaded here/)
  })

  it('is told by the digest on every record: another version, module, bound or name given is another policy', () => {
    const policy = policyWith(GAZETTEER)
    const [detector] = policy.detectors ?? []
    const digestWith = (more: Partial<NonNullable<typeof detector>>): string => {
      const changed = { ...policy, detectors: [{ ...detector!, ...more }] }
      const plugged = loadDetectors(policy)
      const redactor = createRedactorFor({ policy: changed, key, plugged })
      expect(redactor.policy.digest).toBe(digestOf(policyTextOf(changed) ?? ''))
      expect(redactor.policyText).toBe(policyTextOf(changed))
      return redactor.policy.digest
    }
    const all = [
      {},
      { version: '1.3' },
      { module: './else.mjs' },
      { budgetMillis: 5 },
      { maxChars: 9 },
      { gives: ['person-name'] as const },
    ]
    expect(new Set(all.map(digestWith)).size).toBe(all.length)
    const { policy: ref } = redactorOn(policy)
    const other = { ...policy, detectors: [{ ...detector!, version: '1.3' }] }
    expect(() =>
      createRedactorOf({ ref, data: { policy: other, detectors: policyRefOf('default') }, key, plugged: loadDetectors(policy) }),
    ).toThrow(/the policy that stands beside the records is another one/)
  })

  it.each([
    [{ module: './no-such-module.mjs' }, /\/detectors\/0\/module: cannot load \.\/no-such-module\.mjs/],
    [{ module: 'node:path' }, /\/detectors\/0\/module: expected node:path to export name, version and detect/],
    [{ version: '2' }, /\/detectors\/0\/version: expected 1\.2, .* got 2/],
    [{ name: 'other' }, /\/detectors\/0\/name: expected gazetteer/],
  ])('is refused by its place in the policy: %j', (more, message) => {
    const policy = policyWith(GAZETTEER, more)
    expect(() => loadDetectors(policy)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) as string }),
    )
  })
  it('has names of its own', () => {
    expect(() => policyWith(GAZETTEER, { gives: ['email'] })).toThrow(/\/detectors\/0\/gives\/0/)
  })
})

describe('where such a policy works', () => {
  const bench = new Bench()
  afterEach(async () => await bench.tearDown())
  const record = async (redactionPolicy: PolicyConfig): Promise<string> => {
    const store = join(bench.folder(), 'store')
    const collector = await bench.collector({ store, redactionPolicy })
    const attributes: [string, string][] = [
      [ATTR.kind, 'tool'],
      [ATTR.input, '{"to":"Ana Lopez"}'],
      ['note', 'to Ana Lopez'],
    ]
    await post(collector, writeTraces(groupOf([bareSpan({ name: 'send', attributes })])))
    await collector.close()
    return store
  }
  it('a collector keeps no name, and withholds what the detector fails on', async () => {
    const store = await record(policyWith(GAZETTEER))
    expect(filesWith(store, 'Ana Lopez')).toEqual([])
    expect((await readTape(store)).spans[0]?.core.redactions).toEqual({ 'person-name': 2 })
    const failed = await record(policyWith(doing("if (text.includes('Ana')) throw new Error(text); return []")))
    expect(filesWith(failed, 'Ana Lopez')).toEqual([])
    const [span] = (await readTape(failed)).spans
    expect(span?.core.payloads.map(({ role, withheld }) => `${role} ${withheld}`)).toEqual([
      'input redactor_failed',
      '/attributes/note redactor_failed',
    ])
    expect(span?.core.name).toBe('send')
  })

  it('a replay loads the code only where the policy of whoever replays names it, too', async () => {
    const policy = policyWith(GAZETTEER)
    const { policy: ref } = redactorOn(policy)
    const recorded = await readRecordedPolicy(ref, () => Buffer.from(policyTextOf(policy) ?? ''))
    vi.stubEnv('REPRISE_REDACTION_POLICY', '')
    expect(() => redactorOfRecorded(recorded, key, 'local')).toThrow(/its detector gazetteer is not loaded here/)
    const file = join(folder, 'own.json')
    writeFileSync(file, JSON.stringify({ ...policy, id: 'mine' }))
    vi.stubEnv('REPRISE_REDACTION_POLICY', file)
    expect(redactorOfRecorded(recorded, key, 'local').redactText('Ana Lopez').counts).toEqual({ 'person-name': 1 })
    vi.unstubAllEnvs()
  })
})
