import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test.each(['', 'process.exit(3)'])('a program of the built package spools what it cannot send (%s)', async (end) => {
  const store = mkdtempSync(join(tmpdir(), 'reprise-built-'))
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  const program = `
    import { tool } from 'reprise'
    await tool(async (text) => text, { name: 'ask' })('mail bob@example.com')
    ${end}`
  // Port 9, discard: nobody listens there.
  const env = { REPRISE_STORE: store, REPRISE_ENDPOINT: 'http://127.0.0.1:9', REPRISE_SPOOL: 'true' }
  const { code, stderr } = await runNode(['--input-type=module', '--eval', program], { cwd: root, env })
  expect(code).toBe(end === '' ? 0 : 3)
  expect(stderr).toMatch(/^reprise: 1 step kept in .*\n$/)
  const file = readdirSync(join(store, 'spool')).find((name) => name.endsWith('.spool')) ?? ''
  const bytes = readFileSync(join(store, 'spool', file), 'latin1')
  expect(bytes).toContain('<email:')
  expect(bytes).not.toContain('bob@')
})
