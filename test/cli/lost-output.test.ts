import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCli, spawnCli } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-output-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const up = (): string[] => ['up', '--port', '0', '--grpc-port', 'off', '--store', join(folder, 'store')]

/** Makes the collector say something, and asks whether it is there still. */
async function isWellAfterWarning(url: string): Promise<boolean> {
  expect((await fetch(`${url}/`, { method: 'POST', body: '{}' })).status).toBe(404)
  for (let asked = 0; asked < 3; asked++) expect((await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status).toBe(200)
  return true
}

it('a collector goes on when nobody reads what it says any more', async () => {
  const child = spawnCli(up())
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [url] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string]
  await expect.poll(() => said).toContain('(Ctrl-C stops)')
  child.stdout?.destroy()
  child.stderr?.destroy()
  expect(await isWellAfterWarning(url.trim())).toBe(true)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it.skipIf(!existsSync('/dev/full'))('a collector goes on when its log cannot be written', async () => {
  const full = openSync('/dev/full', 'w')
  const child = spawnCli(up(), { stderr: full })
  closeSync(full)
  const [url] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string]
  expect(await isWellAfterWarning(url.trim())).toBe(true)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it.skipIf(!existsSync('/dev/full'))('a command whose output cannot be written says so, and ends with 1', async () => {
  const full = openSync('/dev/full', 'w')
  const { code, stderr } = await runCli(['config'], { stdout: full })
  closeSync(full)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: the output cannot be written: ENOSPC[^\n]*\n$/) })
})
