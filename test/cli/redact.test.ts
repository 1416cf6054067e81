import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { Bench, filesWith, post, readTape } from '../collector/support.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { runCli } from './run-cli.ts'
import { runHere } from './run-here.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-redact-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const none = ['--store', join(folder, 'none')]
const policyFile = (name: string, rules: readonly unknown[], more: object = {}): string => {
  const file = join(folder, `${name}.json`)
  writeFileSync(file, JSON.stringify({ schema: 'reprise.redaction-policy/2', id: name, version: '1', rules, ...more }))
  return file
}
const linesOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('reprise redact --explain', () => {
  const secrets = ['ana@example.com', 'us@example.com', 'hunter2', '4111 1111 1111 1112']
  const input = `write to ana@example.com\n{"from":"us@example.com","password":"hunter2"}\ncard 4111 1111 1111 1112\n`

  it('says line by line what is found, why, what is kept and what is let go, and no value', async () => {
    const own = policyFile('own', [{ detector: 'email', path: '/from', action: 'keep', reason: 'our own addresses' }])
    const { code, stdout, stderr } = await runCli(['redact', '--explain', '--policy', own, ...none], { input })
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'policy own/1: 2 replaced, 1 kept, 1 look-alike let go\n' })
    expect(stdout.split('\n')).toEqual([
      '1:10      email  15 characters → token · the form of an address',
      '2:10      email  14 characters at /from → keep · the form of an address · policy /rules/0: our own addresses',
      '2:38      password  7 characters at /password → token · the name of the field (password) says that it is secret',
      '3:6       payment-card  19 characters → stays · it lacks a right Luhn digit',
      '',
    ])
  })

  it('says it of a file as one object a finding, with lines and offsets of the file', async () => {
    const file = join(folder, 'note.txt')
    writeFileSync(file, input)
    const { code, stdout, stderr } = await runCli(['redact', file, '--explain', '--json', ...none])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const secret of secrets) expect(stdout).not.toContain(secret)
    const told = linesOf(stdout)
    expect(told).toMatchObject([
      { schema: 'reprise.redaction-finding/1', outcome: 'replaced', line: 1, column: 10, start: 9, end: 24, detector: 'email', by: 'form' },
      { outcome: 'replaced', line: 2, column: 10, start: input.indexOf('us@'), detector: 'email' },
      { outcome: 'replaced', line: 2, detector: 'password', start: input.indexOf('hunter2') },
      { outcome: 'stays', line: 3, column: 6, detector: 'payment-card', why: 'check' },
      { schema: 'reprise.redaction-explanation/1', policy: { id: 'default' }, texts: 1, replaced: 3, kept: 0, stays: 1, pseudonym: 0 },
    ])
  })

  it.each([
    [['--kind', 'modle'], /--kind: expected one of .*model.*got modle/],
    [['--explain', '--report'], /--report: expected neither --explain nor --run/],
    [['--run', '7f3a', '--explain'], /--explain: expected a file or standard input/],
    [['--run', '7f3a', 'note.txt'], /--run: expected no file beside it, got "note.txt"/],
    [['--explain', 'no-such-file'], /cannot read no-such-file/],
  ])('refuses %j by name', async (args, message) => {
    const { code, stdout, stderr } = await runHere(['redact', ...args, ...none], folder)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

describe('reprise redact --run', () => {
  const bench = new Bench()
  afterEach(async () => await bench.tearDown())

  const spans = groupOf([
    bareSpan({
      name: 'ask',
      attributes: [
        [ATTR.kind, 'model'],
        ['enduser.id', 'ana@example.com'],
        ['note', 'call 415-555-2671 or bob@example.com'],
        [ATTR.input, JSON.stringify({ customer: { name: 'Ana Lopez' }, mail: 'ana@example.com' })],
        [ATTR.output, JSON.stringify(['no', 'thing'])],
      ],
      status: { code: 2, message: 'no answer for bob@example.com' },
    }),
  ])
  const rules = [
    { detector: 'email', attribute: 'enduser.*', action: 'keep', reason: 'addresses of staff' },
    { path: '/customer/*', action: 'mask' },
    { detector: 'phone', action: 'mask' },
  ]
  const record = async (redactionPolicy?: string): Promise<string> => {
    const store = join(bench.folder(), 'store')
    const collector = await bench.collector({ store, ...(redactionPolicy !== undefined && { redactionPolicy }) })
    await post(collector, writeTraces(spans))
    await collector.close()
    return store
  }
  const redactionsIn = async (store: string): Promise<Record<string, number>> => ({ ...(await readTape(store)).spans[0]!.core.redactions })

  it('says of a stored run what a policy would change, as a collector with that policy does it, and writes nothing', async () => {
    const file = policyFile('desk', rules)
    const store = await record()
    // A reader of the index makes files of SQLite's own beside it.
    const files = (): string[] => filesWith(store, '').filter((file) => !file.includes('index.db'))
    const before = files()
    const { code, stdout, stderr } = await runCli([
      'redact',
      '--run',
      (await readTape(store)).spans[0]!.core.runId,
      '--policy',
      file,
      '--store',
      store,
      '--json',
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(files()).toEqual(before)
    const told = linesOf(stdout)
    expect(told).toMatchObject([
      { schema: 'reprise.redaction-trial-place/1', name: 'ask', place: '/attributes/enduser.id', noLongerFound: { email: 1 } },
      { place: '/attributes/note', otherAction: { 'phone: mask': 1 }, newlyFound: {} },
      { place: 'input', newlyFound: { field: 1 } },
      {
        schema: 'reprise.redaction-trial/1',
        policy: { id: 'desk', version: '1' },
        recordedUnder: [{ id: 'default' }],
        steps: 1,
        newlyFound: { field: 1 },
        noLongerFound: { email: 1 },
        otherAction: { 'phone: mask': 1 },
        leftOut: 0,
        failed: 0,
      },
    ])
    // What a collector does with the same span under that policy.
    const [then, now] = [await redactionsIn(store), await redactionsIn(await record(file))]
    expect(now).toEqual({ ...then, email: then['email']! - 1, field: 1 })
  })

  it('says what a mode would leave out, and that nothing changes where nothing does', async () => {
    const store = await record()
    const run = (await readTape(store)).spans[0]!.core.runId
    const same = await runCli(['redact', '--run', run.slice(0, 8), '--store', store, '--quiet'])
    expect(same.stdout).toMatch(/^run [0-9a-f]{32}, recorded under default\/4, tried with default\/4: no change\n$/)
    const { stdout, stderr } = await runCli(['redact', '--run', run, '--policy', 'metadata-only', '--store', store])
    const now = (await readTape(await record('metadata-only'))).spans[0]!.core.payloads.filter(({ withheld }) => withheld === 'policy')
    expect(stdout).toContain(`tried with metadata-only/1: left out: ${now.length}`)
    expect(stderr).toBe('1 step and 0 log records read, nothing written\n')
  })
})
