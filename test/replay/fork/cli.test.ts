import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../../src/store/index.ts'
import type { CliResult } from '../../cli/run-cli.ts'
import { runHere } from '../../cli/run-here.ts'
import { LiveStore } from '../live-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { answer } from './fork-program.ts'

const program = fileURLToPath(new URL('fork-program.ts', import.meta.url))
let home = ''
let store = ''
let run = ''

const cli = async (args: readonly string[]): Promise<CliResult> => await runHere([...args, '--store', store], home)

async function runs(): Promise<string[]> {
  const reader = await openStore(store, { mode: 'read' })
  try {
    await reader.index.catchUp()
    return reader.index.listRuns({ limit: 100 }).runs.map(({ id }) => id)
  } finally {
    await reader.close()
  }
}

function calls(): string[] {
  try {
    return readFileSync(join(home, 'calls'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

beforeAll(async () => {
  home = await temporaryFolder()
  const recorded = await LiveStore.open()
  await answer('cups')
  run = (await recorded.runs())[0] ?? ''
  await recorded.close()
  store = recorded.folder
})
beforeEach(() => {
  vi.stubEnv('CALLS_FILE', join(home, 'calls'))
  rmSync(join(home, 'calls'), { force: true })
})
afterEach(() => vi.unstubAllEnvs())

describe('reprise fork', () => {
  const change = ['--at', 'stock', '--set', 'output.left=0']

  it('says beforehand what is expected, without a module', async () => {
    const { code, stdout } = await cli(['fork', run.slice(0, 10), ...change, '--dry-run'])
    expect(code).toBe(0)
    expect(stdout).toBe(
      [
        `fork of answer (run ${run}): output.left at step 1, tool stock`,
        '    /left',
        '      recorded: 4',
        '      set to: 0',
        '  expected: 2 served (2 of them unless the program asks for something else), 1 changed, 0 live, 0 missing',
        '',
      ].join('\n'),
    )
    const asked = await cli(['fork', run, '--at', 'write', '--set', 'prompt=none', '--dry-run', '--json'])
    expect(JSON.parse(asked.stdout)).toMatchObject({
      schema: 'reprise.fork-plan/1',
      counts: { served: 1, live: 1, missing: 1 },
      refused: ['send'],
    })
    expect(calls()).toEqual([])
    expect(await runs()).toHaveLength(1)
  })

  it('calls what the change reaches, records it as a run of its own, and that can be exported and replayed', async () => {
    const { code, stdout, stderr } = await cli(['fork', run, ...change, '--module', program, '--allow-write', 'send', '--json'])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(calls()).toEqual(['write 0 of cups', 'send we have 0 of cups'])
    const told = JSON.parse(stdout)
    expect(told).toMatchObject({ schema: 'reprise.fork/1', verdict: { label: 'live', counts: { live: 2 } } })
    const child = told.runId as string
    expect(await runs()).toEqual([child, run])
    const shown = (await cli(['show', child])).stdout.split('\n')
    expect(shown.find((line) => line.includes('  run '))).toContain(` · fork of run ${run.slice(0, 12)} · `)
    const labels = ['stock', 'write', 'send'].map(
      (name) => / · (cached|live) · /.exec(shown.find((line) => line.includes(name)) ?? '')?.[1],
    )
    expect(labels).toEqual(['cached', 'live', 'live'])
    expect((await cli(['show', run])).stdout).not.toMatch(/fork of|cached|live/)

    rmSync(join(home, 'calls'))
    expect((await cli(['export', child, '--out', join(home, 'child')])).code).toBe(0)
    const replayed = await cli(['replay', join(home, 'child'), '--module', program])
    expect(replayed.stdout).toMatch(/^exact/)
    expect(calls()).toEqual([])
  })

  it('ends with 6 when what would have to be called is not allowed, and with 2 when it is not understood', async () => {
    const refused = await cli(['fork', run, ...change, '--module', program, '--no-record'])
    expect(refused.code).toBe(6)
    expect(refused.stderr).toContain('expected: ')
    expect(calls()).toEqual(['write 0 of cups'])
    const writing = await cli(['fork', run, '--at', 'send', '--set', 'input.0=none', '--module', program, '--no-record'])
    expect(writing.code).toBe(2)
    expect(writing.stderr).toContain(
      "--allow-write: send writes, and with another input it has to be called: allow that with allowWrites: ['send']",
    )
    for (const [args, message] of [
      [['--at', 'stock', '--set', 'output'], 'expected path=value'],
      [['--at', 'stock', '--set', 'output=1'], '--module'],
      [['--at', 'nothing', '--set', 'output=1', '--dry-run'], 'no such step'],
    ] as const) {
      const { code, stderr } = await cli(['fork', run, ...args])
      expect(code).toBeGreaterThan(0)
      expect(stderr).toContain(message)
    }
  })
})

describe('reprise replay --mode cached', () => {
  it('calls what does not match, and records that as a run of its own', async () => {
    const folder = join(home, 'recording')
    expect((await cli(['export', run, '--out', folder])).code).toBe(0)
    const replay = ['replay', folder, '--module', program, '--export', 'answer', '--mode', 'cached']
    const before = await runs()
    vi.stubEnv('ASK_MORE', '!')
    const { code, stdout } = await cli([...replay, '--on-miss', 'live', '--allow-write', 'send', '--json'])
    vi.stubEnv('ASK_MORE', '')
    expect(code).toBe(0)
    expect(calls()).toEqual(['write 4 of cups!', 'send we have 4 of cups!'])
    const verdict = JSON.parse(stdout)
    expect(verdict).toMatchObject({ mode: 'cached', label: 'live', counts: { live: 2, served: 1 } })
    expect(await runs()).toEqual([verdict.recordedRunId, ...before])
    const same = await cli([...replay, '--json'])
    expect(JSON.parse(same.stdout)).toMatchObject({ label: 'cached', counts: { live: 0 } })
    expect((await cli(['replay', folder, '--module', program, '--export', 'answer', '--on-miss', 'live'])).code).toBe(2)
  })
})
