import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('usage', () => {
  it('lists the verbs that are built, and no others', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[options\]| <| \[)/gm)].map(([, verb]) => verb)
    expect(verbs).toEqual([
      'up',
      'demo',
      'runs',
      'show',
      'tail',
      'run',
      'doctor',
      'config',
      'export',
      'replay',
      'fork',
      'reindex',
      'verify',
      'backup',
      'erase',
      'quarantine',
      'redact',
      'help',
    ])
  })

  it('shows help on stderr and exits 2 without a verb', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: reprise')
  })

  it.each([
    [['runz'], "unknown command 'runz'", 'Did you mean one of run, runs?'],
    [['runs', '--limt', '3'], "unknown option '--limt'", 'Did you mean --limit?'],
    [['runs', '--limit', 'many'], "'many' is invalid", 'Expected a whole number from 1 to 1000.'],
    [['export', 'abc'], "required option '--out <dir>' not specified", ''],
    [['up', '--port', '70000'], 'port', '65535'],
  ])('refuses %j with exit code 2 and says what was expected', async (args, message, hint) => {
    const { code, stdout, stderr } = await runCli(args)
    expect(stderr).toContain(message)
    expect(stderr).toContain(hint)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it('gives every verb a help page with examples', async () => {
    for (const verb of [
      'up',
      'demo',
      'runs',
      'show',
      'tail',
      'run',
      'doctor',
      'config',
      'export',
      'replay',
      'fork',
      'reindex',
      'verify',
      'backup',
      'erase',
      'quarantine',
      'redact',
    ]) {
      const { code, stdout } = await runCli([verb, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain(`$ reprise ${verb}`)
    }
  })

  it('names the key and the file of a bad value in reprise.config.json', async () => {
    writeFileSync(join(folder, 'reprise.config.json'), '{"port":"many"}')
    const { code, stderr } = await runCli(['runs'], { cwd: folder })
    expect(stderr).toContain('port')
    expect(stderr).toContain('reprise.config.json')
    expect(code).toBe(2)
  })
})

describe('reprise redact', () => {
  it('prints each line of standard input redacted, in order', async () => {
    const input = '{"to":"ana@example.com"}\nplain words\n{"to":"kofi@example.com"}\n'
    const { code, stdout, stderr } = await runCli(['redact', '--report', '--quiet', '--store', join(folder, 'none')], { input })
    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^\{"to":"<email:[0-9a-f]{12}>"\}$/)
    expect(lines[1]).toBe('plain words')
    expect(lines[2]).toMatch(/^\{"to":"<email:[0-9a-f]{12}>"\}$/)
    expect(lines[0]).not.toBe(lines[2])
    expect(JSON.parse(stderr)).toMatchObject({ schema: 'reprise.redaction-report/1', rules: { email: 2 } })
  })

  it('goes by the policy that it is given, by name or from a file', async () => {
    const own = join(folder, 'own.json')
    const rules = [{ detector: 'email', action: 'keep', reason: 'addresses are public here' }]
    writeFileSync(own, JSON.stringify({ schema: 'reprise.redaction-policy/2', id: 'own', version: '1', action: 'mask', rules }))
    const input = 'ana@example.com pays with 4111 1111 1111 1111\n'
    const run = async (policy: string) =>
      await runCli(['redact', '--quiet', '--report', '--store', join(folder, 'none'), '--policy', policy], { input })
    expect((await run('strict')).stdout).toBe('[redacted] pays with [redacted]\n')
    const { stdout, stderr } = await run(own)
    expect(stdout).toBe('ana@example.com pays with [redacted]\n')
    expect(JSON.parse(stderr)).toMatchObject({ policy: { id: 'own', version: '1' }, rules: { 'payment-card': 1 } })
  })

  it('refuses a policy that is none with exit code 2, the file, the place in it and what was expected', async () => {
    const bad = join(folder, 'bad.json')
    writeFileSync(
      bad,
      JSON.stringify({ schema: 'reprise.redaction-policy/2', id: 'bad', version: '1', rules: [{ path: 'x', action: 'hide' }] }),
    )
    const run = async (policy: string) => await runCli(['redact', '--policy', policy, '--store', join(folder, 'none')], { input: 'x\n' })
    const refused = await run(bad)
    expect(refused.code).toBe(2)
    expect(refused.stdout).toBe('')
    for (const part of ['bad.json', '/rules/0/path', 'JSON Pointer', '/rules/0/action']) expect(refused.stderr).toContain(part)
    const missing = await run('stricter')
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('default, strict, metadata-only')
  })

  it('redacts a file whole and leaves the rest of it as it was', async () => {
    const file = join(folder, 'note.txt')
    writeFileSync(file, 'write to ana@example.com\r\nor not')
    const { stdout } = await runCli(['redact', file, '--quiet', '--store', join(folder, 'none')])
    expect(stdout.replace(/<email:[0-9a-f]{12}>/, 'X')).toBe('write to X\r\nor not')
  })
})
