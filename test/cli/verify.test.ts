import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../src/store/index.ts'
import { appendSpans, RUN, sketchOf } from '../store/support/records.ts'
import { runCli } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-verify-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function makeStore(): Promise<void> {
  const store = await openStore(folder, { mode: 'write' })
  for (let index = 0; index < 3; index++) await appendSpans(store, sketchOf(RUN, index, { content: { input: `"payload ${index}"` } }))
  await store.close()
}

it('says that a store is sound, with what was seen, and exits 0', async () => {
  await makeStore()
  const { code, stdout } = await runCli(['verify', '--store', folder])
  expect(stdout).toMatch(/^sound: 3 records in 3 groups, 3 payloads, 0 views, in .*\nhead: group 2, sha256:[0-9a-f]{64}\n$/)
  expect(code).toBe(0)
})

it('does not call sound what is no store, and is content with one that is empty', async () => {
  const missing = await runCli(['verify', '--store', folder])
  expect(missing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(`there is no store at ${folder}`) })
  await (await openStore(folder, { mode: 'write' })).close()
  expect((await runCli(['verify', '--store', folder])).code).toBe(0)
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  for (const verb of ['runs', 'verify']) expect((await runCli([verb, '--store', file])).stderr).toMatch(/is no folder|there is no store/)
})

it('prints what is wrong and where, and exits 5; --json prints the whole report', async () => {
  await makeStore()
  const path = join(folder, 'blobs', 'packs', '00000001.zst')
  const bytes = readFileSync(path)
  const at = bytes.indexOf('payload 1')
  bytes[at] = 0x50
  writeFileSync(path, bytes)
  const text = await runCli(['verify', '--store', folder])
  expect(text.stdout).toContain('artifact_damaged  segments/00000000.zst group 1 line 0 /refs/0 sha256:')
  expect(text.stdout).toContain('1 problem: in 3 records')
  expect(text.code).toBe(5)
  const json = await runCli(['verify', '--store', folder, '--json'])
  expect(json.code).toBe(5)
  expect(JSON.parse(json.stdout)).toMatchObject({
    schema: 'reprise.store-check/1',
    groups: 3,
    problemCount: 1,
    problems: [{ code: 'artifact_damaged', file: 'segments/00000000.zst', group: 1, line: 0, pointer: '/refs/0' }],
  })
})
