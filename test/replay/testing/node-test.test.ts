import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

it('records and replays under node:test', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/reprise'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  cpSync(fileURLToPath(new URL('node-test-program.ts', import.meta.url)), join(folder, 'program.test.ts'))
  const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(?:VITEST|CI$|NODE_|REPRISE|FORCE_COLOR)/.test(key)))
  const run = (env: Record<string, string>, ...files: string[]) => {
    const flags = ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', '--test']
    return spawnSync(process.execPath, [...flags, ...files], { cwd: folder, env: { ...clean, ...env }, encoding: 'utf8' })
  }
  const calls = (): string => readFileSync(join(folder, 'calls.log'), 'utf8')
  const recorded = run({}, 'program.test.ts')
  expect(recorded.status, recorded.stdout).toBe(0)
  const all = 'polite why\npolite one\npolite one again\npolite two\npolite two again\n'
  expect(calls()).toBe(all)
  const made = readdirSync(join(folder, '__recordings__/program.test.ts.recorded')).sort()
  // Tests of one name have a recording each.
  expect(made.map((name) => name.replace(/-[0-9a-f]{8}$/, ''))).toEqual(['answers', 'cases-are-told', 'cases-are-told'])
  // Told no files, it looks for them, and no recording is one.
  const replayed = run({ CI: 'true' })
  expect(replayed.status, replayed.stdout).toBe(0)
  expect(calls()).toBe(all)
})
