import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Action,
  createPolicyRedactor,
  createRedactor,
  normalizeSurrogates,
  type PolicyConfig,
  type Redactor,
} from '../../src/redaction/index.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'
import { formatVerdict, loadRecording, replay } from '../../src/replay/index.ts'
import { manifestDigest, manifestText } from '../../src/replay/recording/recording-text.ts'
import type { RecordingManifest } from '../../src/schemas/index.ts'
import { instrument, model, tool } from '../../src/sdk/index.ts'
import { RecordingBuilder } from '../replay/recording-builder.ts'

const live = async (): Promise<unknown> => Promise.reject(new Error('a live effect'))
const chat = model(async (_request: unknown): Promise<unknown> => live(), { name: 'chat' })
const book = tool(async (_order: unknown): Promise<unknown> => live(), { name: 'book' })

const PERSON = {
  mail: 'ana.lopez@northwind-labs.com',
  card: '4539 1488 0343 6467',
  iban: 'DE89 3704 0044 0532 0130 00',
  phone: '+1 (212) 555-0143',
  address: '84.17.33.201',
  name: 'Ana López',
}
const OTHER = 'ben@northwind-labs.com'

const order = instrument(async function order(person: typeof PERSON) {
  const answer = await chat({ system: `serve ${person.mail}, not ${OTHER}`, person, again: [person.card, person.mail, OTHER] })
  await book({ for: person.name, note: `${person.phone} / ${person.address} / ${person.iban}`, answer })
  return { booked: person.mail }
})

function record(redactor: Redactor, person = PERSON): RecordingBuilder {
  const builder = new RecordingBuilder({ redactor })
  const root = builder.step(undefined, { kind: 'run', name: 'order', args: [person], output: { booked: person.mail }, end: 50 })
  const request = { system: `serve ${person.mail}, not ${OTHER}`, person, again: [person.card, person.mail, OTHER] }
  builder.step(root, { kind: 'model', name: 'chat', args: [request], output: 'fine' })
  const note = { for: person.name, note: `${person.phone} / ${person.address} / ${person.iban}`, answer: 'fine' }
  builder.step(root, { kind: 'tool', name: 'book', args: [note], output: true })
  return builder
}

const BASE = { schema: 'reprise.redaction-policy/2', id: 'desk', version: '3' } as const
const redactorOf = (policy: Partial<PolicyConfig>, more = {}): Redactor =>
  createPolicyRedactor({ policy: parsePolicy({ ...BASE, ...policy }), key: Buffer.alloc(32, 7), namespace: 'local', ...more })

describe('a recording under a policy of somebody’s own', () => {
  const actions: Exclude<Action, 'keep'>[] = ['token', 'mask', 'drop', 'surrogate', 'hash']
  it.each(actions)('replays exactly without the key of its store, also when the test gives the real values (%s)', async (action) => {
    const builder = record(redactorOf({ action, rules: ['/**/name', '/**/for'].map((path) => ({ path, action })) }))
    const stored = [...builder.blobs.values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join()
    for (const secret of [PERSON.mail, PERSON.card, PERSON.iban, PERSON.phone, PERSON.address, OTHER]) expect(stored).not.toContain(secret)
    const recording = await builder.load()
    const verdict = await replay(recording, order)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    const real = await replay(recording, order, { args: [PERSON] })
    expect(real.counts, formatVerdict(real)).toMatchObject({ served: 2, unmatched: 0, unused: 0 })
  })
  it('tells values apart that are not the same, in surrogates too', async () => {
    for (const action of ['token', 'surrogate'] as const) {
      const recording = await record(redactorOf({ action })).load()
      const verdict = await replay(recording, order, { args: [{ ...PERSON, mail: OTHER }] })
      expect(verdict.label).toBe('diverged')
    }
  })
  it('does for each kind of steps what it says, and in its namespace', async () => {
    const rules = [{ detector: 'email', kind: ['model'], namespace: ['local'], action: 'mask' as const }]
    const recording = await record(redactorOf({ rules })).load()
    const verdict = await replay(recording, order, { args: [PERSON] })
    expect(verdict.counts, formatVerdict(verdict)).toMatchObject({ served: 2, unmatched: 0, unused: 0 })
    const elsewhere = [{ ...rules[0], namespace: ['eu'], action: 'mask' as const }]
    expect((await replay(await record(redactorOf({ rules: elsewhere })).load(), order, { args: [PERSON] })).counts.unmatched).toBe(0)
  })
  it('is refused where the policy is missing, is none, or is another one', async () => {
    const { folder, manifest } = await record(redactorOf({ action: 'mask' })).write()
    const file = join(folder, 'recording.json')
    const rewrite = (change: (manifest: RecordingManifest) => Partial<RecordingManifest>): void => {
      const changed = { ...manifest, ...change(manifest) }
      writeFileSync(file, manifestText({ ...changed, digest: manifestDigest(changed) }))
    }
    rewrite(({ blobs, policy }) => ({ blobs: blobs.filter(({ digest }) => digest !== policy.digest) }))
    await expect(replay(await loadRecording(folder), order)).rejects.toMatchObject({
      code: 'recording_version',
      message: expect.stringContaining('desk/3') as string,
    })
    writeFileSync(file, manifestText(manifest))
    const blob = join(folder, 'blobs', manifest.policy.digest.slice('sha256:'.length))
    writeFileSync(blob, readFileSync(blob, 'utf8').replace('mask', 'drop'))
    await expect(loadRecording(folder)).rejects.toMatchObject({ code: 'integrity' })
  })
})

describe('a recording under an earlier version of the default policy', () => {
  it('replays exactly under what that version found', async () => {
    const recording = await record(createRedactor({ key: Buffer.alloc(32, 7), policyVersion: '1' })).load()
    expect(recording.manifest.policy.version).toBe('1')
    expect((await replay(recording, order)).label).toBe('exact')
    const real = await replay(recording, order, { args: [PERSON] })
    expect(real.counts, formatVerdict(real)).toMatchObject({ served: 2, unmatched: 0, unused: 0 })
  })
})

it('numbers surrogates by their digits and leaves other numbers alone', () => {
  expect(normalizeSurrogates('0123456789ab@redacted.invalid 0123456789ab@redacted.invalid aaaaaaaaaaaa@redacted.invalid')).toBe(
    '<email~1> <email~1> <email~2>',
  )
  for (const text of ['000123', '4000009912345679', '1.198.18.3.4', '+49 999 1234567']) expect(normalizeSurrogates(text)).toBe(text)
})
