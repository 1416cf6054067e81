import { cp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openSuite, recordingsOf, runVitest, type Told } from './vitest-suite.ts'

// As a user has it, but that a config knows no conditions: import { recordingsReporter } from 'reprise/replay'
const CONFIG = `const source = '${new URL('../../../src/replay/testing/recordings-reporter.ts', import.meta.url).href}'
const { recordingsReporter } = await import(source)
export default {
  resolve: { conditions: ['reprise-source'] },
  ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
  test: { server: { deps: { external: [/\\/src\\//] } }, include: ['*-program.ts'], reporters: ['default', recordingsReporter()], execArgv: ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning'] },
}
`

const open = async (): Promise<string> => await openSuite(new URL('../suite', import.meta.url), CONFIG, ['vitest'])

describe('recorded()', () => {
  let folder = ''
  let first: Told
  beforeAll(async () => {
    folder = await open()
    first = await runVitest(folder, {})
  }, 60_000)

  it('records what is not there yet, beside the test, under names that can be read', async () => {
    expect(first.output).toContain('5 passed')
    expect(first.output).toContain(' Recordings  6 recorded\n')
    expect(first.code).toBe(0)
    const recordings = await recordingsOf(folder)
    expect(recordings).toHaveLength(6)
    expect(recordings[0]).toMatch(/^agent-program\.ts\/agent-answers-[0-9a-f]{8}\/1\/recording\.json$/)
  })

  it('replays in CI what is there, with nothing live', async () => {
    const before = await readFile(join(folder, 'calls.log'), 'utf8')
    const told = await runVitest(folder, { CI: 'true' })
    expect(told.output).toContain('5 passed')
    expect(told.output).toContain(' Recordings  6 exact\n')
    expect(told.code).toBe(0)
    expect(await readFile(join(folder, 'calls.log'), 'utf8')).toBe(before)
  })

  it('fails in CI where a recording is missing, and makes none', async () => {
    const other = await open()
    const told = await runVitest(other, { CI: 'true' })
    expect(told.code).toBe(1)
    expect(told.output).toContain('there is no recording at')
    expect(told.output).toContain(' Recordings  5 not there\n   not there  agent > answers\n')
    expect(await recordingsOf(other)).toEqual([])
    await expect(readFile(join(other, 'calls.log'))).rejects.toThrow('ENOENT')
  })

  it('fails with the first departure and the command that shows more', async () => {
    const told = await runVitest(folder, { CI: 'true', TONE: 'rude' })
    expect(told.code).toBe(1)
    expect(told.output).toContain('expected the replay to be exact')
    expect(told.output).toMatch(/ Recordings {2}\d exact, \d diverged\n {3}diverged {2}agent > answers\n/)
    expect(told.output).toContain('first departure: unmatched: model chat')
    expect(told.output).toContain('recorded: "polite"')
    expect(told.output).toContain('replayed: "rude"')
    expect(told.output).toMatch(/npx reprise replay __recordings__\/agent-program\.ts\/agent-answers-[0-9a-f]{8}\/1 --module FILE/)
  })

  it('denies the process the network while it replays, but for what is allowed', async () => {
    const told = await runVitest(folder, { CI: 'true', GOES_OUT: 'http://127.0.0.1:9/?key=hidden' }, '-t', 'answers')
    expect(told.code).toBe(1)
    expect(told.output).toContain('outside of the replayed function: fetch to http://127.0.0.1:9 was denied')
    expect(told.output).toContain('allowNetwork')
    expect(told.output).not.toContain('hidden')
    const allowed = await runVitest(folder, { CI: 'true', GOES_OUT: 'http://127.0.0.1:9/', ALLOWED: '127.0.0.1' }, '-t', 'answers')
    expect(allowed.code, allowed.output).toBe(0)
  })

  it('never goes live outside of CI either, and records again when told to', async () => {
    const file = join(folder, '__recordings__', (await recordingsOf(folder))[0] ?? '')
    const before = await readFile(file, 'utf8')
    // Left over from a test that is not there any more, from a call, and from a file.
    const left = [
      'agent-program.ts/agent-gone-0123abcd/1',
      file.split('/').slice(-4, -2).join('/').concat('/7'),
      'gone.test.ts/a-0123abcd/1',
    ]
    for (const over of left) await cp(dirname(file), join(folder, '__recordings__', over), { recursive: true })
    const departed = await runVitest(folder, { TONE: 'rude' }, '-t', 'answers')
    expect(departed.code).toBe(1)
    expect(departed.output).toContain(' Recordings  2 obsolete: no test has them any more (vitest -u removes them)\n')
    expect(await recordingsOf(folder)).toHaveLength(9)
    expect(await readFile(file, 'utf8')).toBe(before)
    const again = await runVitest(folder, { TONE: 'rude' }, '-u', '-t', 'answers')
    expect(again.output).toContain('1 passed')
    expect(again.output).toContain(' Recordings  3 removed, since no test has them any more\n')
    expect(await recordingsOf(folder)).toHaveLength(6)
    expect(await readFile(file, 'utf8')).not.toBe(before)
    expect((await runVitest(folder, { CI: 'true', TONE: 'rude' }, '-t', 'answers')).code).toBe(0)
    await rm(folder, { recursive: true })
  })
})
