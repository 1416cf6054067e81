import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withOptionTable } from '../../scripts/emit-option-docs.ts'
import { finish, ROOT, runCli, runProgram, startUp, type Up } from '../cli/run-cli.ts'

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
// Inside the package, so that `reprise` resolves to it as it would in a user's project.
const FOLDER = fileURLToPath(new URL('./.generated', import.meta.url))
const STORE = join(FOLDER, 'store')
const snippets = new Map([...README.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name ?? '', text ?? '']))

let up: Up

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of snippets) writeFileSync(join(FOLDER, name), text)
  up = await startUp(STORE)
})
afterAll(async () => {
  await up.stop()
  rmSync(FOLDER, { recursive: true, force: true })
})

async function record(program: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(join(FOLDER, program), { REPRISE_ENDPOINT: up.url }, FOLDER)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

async function newestRun(): Promise<{ id: string; name: string; steps: number }> {
  const { stdout } = await runCli(['runs', '--json', '--limit', '1', '--store', STORE])
  return JSON.parse(stdout) as { id: string; name: string; steps: number }
}

describe('README', () => {
  it('holds the snippets that are tried here', () => {
    expect([...snippets.keys()]).toEqual(['hello.ts', 'support.ts', 'train.ts', 'refund.test.ts'])
  })

  it('has snippets that compile', async () => {
    const config = { extends: '../../../tsconfig.json', include: ['*.ts'] }
    writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { code, stdout } = await finish(spawn(process.execPath, [tsc, '-p', FOLDER], { stdio: 'pipe' }))
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  it('records, lists, shows, exports and replays hello.ts as it says', async () => {
    expect(await record('hello.ts')).toBe('Oslo: take a coat\n')
    const run = await newestRun()
    expect(run).toMatchObject({ name: 'advise', steps: 2 })
    const short = run.id.slice(0, 8)
    expect((await runCli(['show', short, '--store', STORE])).stdout).toContain('thermometer')
    const recording = join(FOLDER, 'recordings/advise')
    expect(await runCli(['export', short, '--out', recording, '--store', STORE])).toMatchObject({ code: 0 })
    const replayed = await runCli(['replay', recording, '--module', join(FOLDER, 'hello.ts'), '--export', 'advise', '--json'])
    expect(JSON.parse(replayed.stdout)).toMatchObject({ label: 'exact', counts: { served: 1, live: 0, unmatched: 0, unused: 0 } })
    expect(replayed.code).toBe(0)
  })

  it('records train.ts with its steps and its checkpoint', async () => {
    const first = await record('train.ts')
    expect(await newestRun()).toMatchObject({ name: 'train', kind: 'training.run', stepsByKind: { 'training.step': 5, checkpoint: 1 } })
    expect(await record('train.ts')).toBe(first)
  })

  it('passes the vitest snippet over a recording of support.ts', async () => {
    await record('support.ts')
    const run = await newestRun()
    expect(run).toMatchObject({ name: 'answer', steps: 4 })
    await runCli(['export', run.id, '--out', join(FOLDER, 'recordings/refund-v1'), '--store', STORE])
    writeFileSync(
      join(FOLDER, 'vitest.config.ts'),
      `export default { resolve: { conditions: ['reprise-source'] }, ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
        test: { include: ['*.test.ts'], execArgv: ['--conditions=reprise-source'] } }`,
    )
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const { VITEST: _vitest, VITEST_MODE: _mode, VITEST_WORKER_ID: _worker, VITEST_POOL_ID: _pool, ...env } = process.env
    const { code, stdout, stderr } = await finish(
      spawn(process.execPath, [vitest, 'run', '--root', FOLDER], { cwd: FOLDER, env: { ...env, NO_COLOR: '1' }, stdio: 'pipe' }),
    )
    expect(`${stdout}${stderr}`).toContain('1 passed')
    expect(code).toBe(0)
  }, 60_000)

  it('has a current table of options', () => {
    expect(withOptionTable(README)).toBe(README)
  })
})
