import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { RecordingBuilder } from '../replay/recording-builder.ts'
import { appendSpans, RUN, sketchOf } from '../store/support/records.ts'
import { runHere } from './run-here.ts'

const module = fileURLToPath(new URL('./replay-all-program.ts', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'reprise-flags-'))
const recording = join(home, 'recording')
const taken = join(home, 'taken')

beforeAll(async () => {
  const store = await openStore(join(home, '.reprise'), { mode: 'write' })
  await appendSpans(store, sketchOf(RUN, 0))
  await store.close()
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'answer', args: ['cups'], output: 'done' })
  builder.step(root, { kind: 'tool', name: 'stock', args: ['cups'], output: { left: 4 } })
  builder.step(root, { kind: 'model', name: 'write', args: [{ messages: [] }], output: 'none' })
  mkdirSync(recording)
  await builder.write(recording)
  writeFileSync(taken, 'not a key')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const replay = (...flags: string[]): string[] => ['replay', recording, '--module', module, ...flags]
const fork = (at: string, ...set: string[]): string[] => [
  'fork',
  recording,
  '--at',
  at,
  ...set.flatMap((one) => ['--set', one]),
  '--dry-run',
]

describe('a value that a flag does not take is wrong usage', () => {
  it.each([
    [replay('--pacing', 'scaled', '--scale', 'abc'), '--scale', 'a number above 0'],
    [replay('--pacing', 'scaled', '--scale', '0'), '--scale', 'a number above 0'],
    [replay('--pacing', 'scaled', '--scale', '-1'), '--scale', 'a number above 0'],
    [replay('--pacing', 'scaled', '--scale', ''), '--scale', 'a number above 0'],
    [replay('--pacing', 'scaled', '--scale', '1e999'), '--scale', 'a number above 0'],
    [replay('--pacing', 'scaled'), '--scale', 'expected both'],
    [replay('--scale', '2'), '--pacing scaled', 'expected both'],
    [['replay', '--all', recording, '--module', module, '--pacing', 'scaled'], '--scale', 'expected both'],
    [['replay', '--all', recording, '--module', module, '--junit', home], '--junit', 'cannot write'],
    [['replay', '--all', '', '--module', module], '--all', 'a path'],
    [replay('--allow-net', ''), '--allow-net', 'a host'],
    [replay('--allow-net', '10.0.0.0/8'), '--allow-net', 'a host'],
    [replay('--allow-net', '*.example.com'), '--allow-net', 'a host'],
    [replay('--allow-net', 'localhost:70000'), '--allow-net', 'a host'],
    [replay('--export', 'first', '--serve', 'wire'), '--serve', 'needs the http exchanges'],
    [[...fork('stock', 'output=1'), '--serve', 'wire'], '--serve', 'needs the http exchanges'],
    [fork('', 'output=1'), '--at', 'a step'],
    [fork('answer >', 'output=1'), '--at', 'a step'],
    [fork('#2', 'output=1'), '--at', 'a step'],
    [fork('stock', 'bogus=1'), '--set bogus', 'a path that begins with one of input, output'],
    [fork('stock', 'output..left=1'), '--set', 'a name before each dot'],
    [fork('stock', 'output[x]=1'), '--set', 'a whole number'],
    [fork('stock', 'output.right.left=1'), '--set output.right.left', 'nothing to set'],
    [fork('stock', 'error=5'), '--set error', 'the message of the error'],
    [fork('write', 'time=never'), '--set time', 'a date such as'],
    [fork('stock', 'model=other'), '--set model', 'has no model'],
    [fork('answer', 'output=1'), '--set', 'runs again'],
    [fork('stock', 'output=1', 'input.0=mugs'), '--set', 'its input cannot matter'],
    [['export', RUN, '--out', ''], '--out', 'a path'],
    [['runs', '--cursor', 'bogus'], '--cursor', 'of an earlier page'],
    [['show', RUN, '--step', 'first'], '--step', 'a number, or the first letters'],
    [['tail', '--run', 'latest'], '--run', 'the id of a run'],
    [['redact', '--run', 'latest'], '--run', 'the id of a run'],
    [['redact', '--kind', 'models', 'x'], '--kind', 'one of run, agent'],
    [['quarantine', 'release', '3f', '--key', taken], '--key', 'no x25519 private key'],
    [['quarantine', 'release', '3f', '--key', `${taken}.pem`], '--key', 'cannot read'],
    [['quarantine', 'keygen', '--out', taken], '--out', 'cannot write'],
    [['quarantine', 'keygen', '--out', ''], '--out', 'a path'],
  ])('%j', async (args, flag, expected) => {
    const { code, stderr } = await runHere(args, home)
    expect(stderr).toContain(flag)
    expect(stderr.toLowerCase()).toContain(expected)
    expect(code).toBe(2)
  })
})

describe('what is well written and only not there is no wrong usage', () => {
  it.each([[fork('nothing', 'output=1')], [fork('99', 'output=1')], [['show', RUN, '--step', '99']]])('%j', async (args) => {
    expect((await runHere(args, home)).code).toBe(1)
  })

  it.each([
    [['--pacing', 'scaled', '--scale', '.001']],
    [['--pacing', 'scaled', '--scale', '1e-3']],
    [['--allow-net', 'api.example.com', '--allow-net', '[::1]:8080', '--allow-net', '::1', '--allow-net', 'https://x.example/v1']],
    [['--allow-net', '/run/model.sock', '--allow-net', 'localhost:1']],
  ])('replay with %j begins', async (flags) => {
    const { code, stderr } = await runHere(['replay', recording, '--module', module, '--export', 'nothing', ...flags], home)
    expect(stderr).toContain('--export nothing')
    expect(code).toBe(2)
  })
})
