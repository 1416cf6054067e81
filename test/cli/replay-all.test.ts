import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/schemas/index.ts'
import { RecordingBuilder } from '../replay/recording-builder.ts'
import { temporaryFolder } from '../replay/temporary-folder.ts'
import { runCli } from './run-cli.ts'

const module = fileURLToPath(new URL('./replay-all-program.ts', import.meta.url))
const folder = await temporaryFolder()

async function write(path: string, name: string, n: number, output = n * 2): Promise<void> {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name, args: [n], output })
  builder.step(root, { kind: 'tool', name: 'double', args: [n], output })
  await builder.write(join(folder, path))
}

beforeAll(async () => {
  // Made in another order than that of the report.
  await write('good/c', 'first', 4)
  await write('good/a', 'first', 2)
  await write('good/b/deep', 'second', 1)
  await write('good/B', 'first', 3)
  await write('bad/changed', 'second', 7)
  await write('bad/fine', 'first', 1)
  await write('bad/gone', 'third', 1)
  await write('loose/fine', 'first', 1)
  await write('loose/polling', 'polling', 2)
  await write('loose/throwing', 'throwing', 3)
  await write('worse/flipped', 'first', 1)
  const steps = join(folder, 'worse/flipped/steps.jsonl')
  writeFileSync(steps, readFileSync(steps, 'utf8').replace('"double"', '"dougle"'))
})

const replayAll = (under: string, ...args: string[]) => runCli(['replay', '--all', join(folder, under), '--module', module, ...args])

describe('replay --all', () => {
  it('replays every recording by the export of its name, and reports them by path however many lanes there are', async () => {
    const reports = []
    for (const lanes of ['1', '3', '64']) {
      const { code, stdout, stderr } = await replayAll('good', '--lanes', lanes, '--junit', join(folder, `${lanes}.xml`))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      reports.push(stdout, readFileSync(join(folder, `${lanes}.xml`), 'utf8'))
    }
    expect(new Set(reports).size).toBe(2)
    const lines = (reports[0] ?? '').split('\n').filter((line) => line.includes('exact  '))
    expect(lines.map((line) => line.split(':')[0])).toEqual(['B', 'a', 'b/deep', 'c'])
    expect(reports[0]).toContain('4 of 4 recordings exact')
    expect(reports[1]).toContain('<testsuites tests="4" failures="0" errors="0">')
  })

  it('goes on after errors that a program catches nowhere, and tells of those that no verdict tells of', async () => {
    const { code, stdout, stderr } = await replayAll('loose', '--lanes', '1')
    expect(stdout.split('\n').flatMap((line) => /^\w+: \w+/.exec(line) ?? [])).toEqual([
      'fine: exact',
      'polling: diverged',
      'throwing: exact',
    ])
    expect(stderr.match(/thrown by the program, and caught nowhere: .*/g)).toEqual([
      'thrown by the program, and caught nowhere: Error: out of a timer',
      'thrown by the program, and caught nowhere: Error: left alone',
    ])
    expect(code).toBe(4)
  })

  it('goes on after a departure and a missing export, and says which', async () => {
    const { code, stdout } = await replayAll('bad', '--json', '--junit', join(folder, 'bad.xml'))
    const reports = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { folder: string; verdict?: Verdict; error?: { code: string; message: string } })
    expect(reports.map((report) => [report.folder, report.verdict?.label ?? report.error?.code])).toEqual([
      ['changed', 'diverged'],
      ['fine', 'exact'],
      ['gone', 'module_export_missing'],
    ])
    expect(reports[2]?.error?.message).toContain('it exports first, polling, second, throwing')
    expect(code).toBe(2)
    const xml = readFileSync(join(folder, 'bad.xml'), 'utf8')
    expect(xml).toContain('tests="3" failures="1" errors="1"')
    expect(xml).toMatch(/<testcase classname="changed" name="second">\s*<failure type="diverged" message="[^"<]+">/)
    expect(xml).toContain('<testcase classname="fine" name="first"/>')
  })

  it('exits with 4 when something departed, with 5 when a recording is damaged', async () => {
    expect((await replayAll('bad/changed', '--export', 'second')).code).toBe(4)
    const { code, stdout } = await replayAll('.', '--export', 'first')
    expect(code).toBe(5)
    expect(stdout).toContain('worse/flipped: error: ')
  })

  it.for<[string, string[], RegExp]>([
    ['no recording at all', ['--module', module], /expected a recording, or --all/],
    ['both', ['x', '--all', 'y', '--module', module], /and not both/],
    ['an empty folder', ['--all', join(folder, 'good/a/blobs'), '--module', module], /no recording there/],
    ['no such folder', ['--all', join(folder, 'nowhere'), '--module', module], /ENOENT/],
    ['lanes that are none', ['--all', folder, '--module', module, '--lanes', '0'], /--lanes.*1 to 256/],
    ['lanes for one', [join(folder, 'good/a'), '--module', module, '--export', 'first', '--lanes', '2'], /go with --all/],
  ])('refuses %s', async ([, args, message]) => {
    const { code, stdout, stderr } = await runCli(['replay', ...args])
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect([1, 2]).toContain(code)
  })

  it('takes for one recording, too, the export that has the name of its run', async () => {
    const { code, stdout } = await runCli(['replay', join(folder, 'good/a'), '--module', module])
    expect(stdout).toContain('exact')
    expect(code).toBe(0)
  })
})
