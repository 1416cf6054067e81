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

test('a program that never lets it send is told what was kept, and what the queue had no room for', async () => {
  const store = mkdtempSync(join(tmpdir(), 'reprise-full-'))
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  const program = `
    import { instrument, tool } from 'reprise'
    const step = tool((text) => text, { name: 'step' })
    instrument(function answer() { for (let n = 0; n < 20_000; n++) step('x'.repeat(1000) + n) })()`
  const env = { REPRISE_STORE: store, REPRISE_ENDPOINT: 'http://127.0.0.1:9', REPRISE_SPOOL: 'true', REPRISE_QUEUE_MAX_BYTES: '4194304' }
  const { code, stderr } = await runNode(['--input-type=module', '--eval', program], { cwd: root, env })
  expect(code).toBe(0)
  const [, kept, givenUp] = /^reprise: (\d+) steps kept in .*, (\d+) not recorded \(queue_full\): no collector/.exec(stderr) ?? []
  expect(Number(kept) + Number(givenUp)).toBe(20_001)
  expect(Number(kept)).toBeGreaterThan(100)
})

test('and so is one whose collector takes the rest', async () => {
  const store = mkdtempSync(join(tmpdir(), 'reprise-full-'))
  const program = `
    import { instrument, tool } from 'reprise'
    import { startCollector } from 'reprise/collector'
    const collector = await startCollector({ store: process.env.REPRISE_STORE, port: 0 })
    process.env.REPRISE_ENDPOINT = collector.url
    const step = tool((text) => text, { name: 'step' })
    instrument(function answer() { for (let n = 0; n < 20_000; n++) step('x'.repeat(1000) + n) })()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    await collector.close()`
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  const env = { REPRISE_STORE: store, REPRISE_SPOOL: 'true', REPRISE_QUEUE_MAX_BYTES: '4194304' }
  const { code, stderr } = await runNode(['--input-type=module', '--eval', program], { cwd: root, env })
  expect(code).toBe(0)
  expect(stderr).toMatch(/^reprise: \d+ steps not recorded \(queue_full\): more than 4194304 bytes waited to be sent/)
})
