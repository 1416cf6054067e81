import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { digestOf } from '../../src/schemas/index.ts'
import { instrument, model } from '../../src/sdk/index.ts'
import { RecordingBuilder } from './recording-builder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => Promise.reject(new Error('a live effect')), { name: 'chat' })

const KEY = 'sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt'
const MAILS = ['ana.lopez@northwind-labs.com', 'ben@northwind-labs.com']

/** Records what the program does with its secrets; the builder redacts under a store's key that replay never sees. */
function recordMail(): RecordingBuilder {
  const builder = new RecordingBuilder()
  const ticket = { from: MAILS[0], to: MAILS[1], text: `our key is ${KEY}` }
  const root = builder.step(undefined, {
    kind: 'run',
    name: 'mail',
    args: [ticket],
    output: `sent to ${MAILS[1]}, cc ${MAILS[0]}`,
    end: 50,
  })
  const request = { messages: [`mail ${MAILS[0]} and ${MAILS[1]}`, `again ${MAILS[0]}`], ticket }
  builder.step(root, { kind: 'model', name: 'chat', args: [request], output: { to: MAILS[1], cc: MAILS[0] } })
  return builder
}

const mail = instrument(async function mail(ticket: { from: string; to: string; text: string }) {
  const request = { messages: [`mail ${ticket.from} and ${ticket.to}`, `again ${ticket.from}`], ticket }
  const { to, cc } = (await chat(request)) as { to: string; cc: string }
  return `sent to ${to}, cc ${cc}`
})

describe('secrets', () => {
  it('are not in the recording, and it replays exactly without any key', async () => {
    const builder = recordMail()
    const recording = await builder.load()
    const stored = [...builder.blobs.values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join()
    for (const secret of [KEY, ...MAILS]) expect(stored).not.toContain(secret)
    for (let round = 0; round < 3; round++) {
      const verdict = await replay(recording, mail)
      expect(verdict.label, formatVerdict(verdict)).toBe('exact')
    }
  })

  it('match when the test gives the program the real ones', async () => {
    const recording = await recordMail().load()
    const args = [{ from: MAILS[0], to: MAILS[1], text: `our key is ${KEY}` }]
    const verdict = await replay(recording, mail, { args })
    expect(verdict.divergences.filter(({ reason }) => reason !== 'output')).toEqual([])
    expect(verdict.counts).toMatchObject({ served: 1, unmatched: 0, unused: 0 })
  })

  it('that stand in other places do not match', async () => {
    const recording = await recordMail().load()
    const swapped = instrument(async function mail(ticket: { from: string; to: string; text: string }) {
      const request = { messages: [`mail ${ticket.from} and ${ticket.to}`, `again ${ticket.to}`], ticket }
      await chat(request)
    })
    const verdict = await replay(recording, swapped)
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences[0]?.differences).toEqual([
      { path: '/0/messages/1', recorded: '"again <email#1>"', replayed: '"again <email#2>"' },
    ])
  })

  it('never stand in a verdict, though the program sends new ones', async () => {
    const recording = await recordMail().load()
    const leaking = instrument(async function mail(ticket: unknown) {
      await chat({ ticket, [`header ${KEY}`]: `Authorization: Bearer ${KEY}`, note: `ask carla@secret-corp.com` }).catch(() => undefined)
      return `ask carla@secret-corp.com about ${KEY}`
    })
    const verdict = await replay(recording, leaking)
    const shown = `${JSON.stringify(verdict)}\n${formatVerdict(verdict)}`
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences[0]?.differences.length).toBeGreaterThan(0)
    for (const secret of [KEY, 'carla@secret-corp.com', ...MAILS]) expect(shown).not.toContain(secret)
  })

  it('need the policy under which they were taken out', async () => {
    const builder = new RecordingBuilder()
    const policy = { id: 'default', version: '99', digest: digestOf('another policy') }
    builder.step(undefined, { kind: 'run', name: 'mail', policy })
    const recording = await builder.load()
    await expect(replay(recording, mail)).rejects.toMatchObject({
      code: 'recording_version',
      message: expect.stringContaining('default/99') as string,
    })
    const foreign = new RecordingBuilder()
    foreign.step(undefined, { kind: 'run', name: 'mail', policy: { ...policy, id: 'house-rules' } })
    await expect(replay(await foreign.load(), mail)).rejects.toMatchObject({
      code: 'recording_version',
      message: expect.stringContaining('house-rules') as string,
    })
  })
})
