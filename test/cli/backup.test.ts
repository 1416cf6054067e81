import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, RUN, sketchOf } from '../store/support/records.ts'
import { runCli } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-backup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('backs up beside a writer, says what it did, and the copy is sound and readable', async () => {
  const store = await openStore(join(folder, 'store'), { mode: 'write' })
  try {
    for (let index = 0; index < 3; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: `"payload ${index}"` } }))
    const { code, stdout } = await runCli(['backup', 'copy', '--store', join(folder, 'store')], { cwd: folder })
    expect(stdout).toContain(`${join(folder, 'copy')}: 3 records up to group 2, sha256:`)
    expect(stdout).toContain('; verified')
    expect(code).toBe(0)
    const json = await runCli(['backup', 'second', '--no-links', '--json', '--store', join(folder, 'store')], { cwd: folder })
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'reprise.backup/1',
      records: 3,
      linked: { files: 0 },
      check: { problemCount: 0 },
    })
  } finally {
    await store.close()
  }
  const runs = await runCli(['runs', '--store', join(folder, 'copy'), '--json'])
  expect(runs.stdout).toContain(RUN)
  const taken = await runCli(['backup', 'copy', '--store', join(folder, 'store')], { cwd: folder })
  expect(taken.stderr).toContain('is there already; a backup needs a folder of its own')
  expect(taken.code).toBe(1)
})
