import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { RunSummary, Verdict } from '../../src/schemas/index.ts'
import { ROOT, runCli } from '../cli/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function filesUnder(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

it('records both programs, replays the agent exactly with its model server stopped, and keeps no secret', async () => {
  const store = join(folder, 'store')
  const { code, stdout, stderr } = await runCli(['demo', '--no-serve', '--json', '--port', '0', '--store', store])
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const objects = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { schema: string })
  const runs = objects.filter(({ schema }) => schema === 'reprise.run-summary/1') as RunSummary[]
  expect(runs.map(({ name, status }) => [name, status])).toEqual([
    ['train', 'ok'],
    ['answer', 'ok'],
  ])
  expect(runs[0]?.stepsByKind).toMatchObject({ 'training.step': 270, checkpoint: 1 })
  expect(runs[1]?.stepsByKind).toMatchObject({ run: 1, retriever: 2, tool: 2 })
  expect(runs[1]?.redactions).toBeGreaterThan(0)
  expect(runs[1]?.inputTokens).toBeGreaterThan(0)

  const verdict = objects.find(({ schema }) => schema === 'reprise.verdict/1') as Verdict
  expect(verdict.label).toBe('exact')
  expect(verdict.counts).toMatchObject({ live: 0, unmatched: 0, unused: 0, missing: 0, socketsDenied: 0 })
  expect(verdict.counts.labels.exact).toBe(verdict.counts.steps)
  expect(verdict.counts.served).toBeGreaterThanOrEqual(6)
  expect(verdict.output.equal).toBe(true)

  // The question that main.ts asks holds an address and a key; neither may be anywhere on disk, compressed or not.
  const secrets = [...readFileSync(join(ROOT, 'examples/support-agent/main.ts'), 'utf8').matchAll(/sk-proj-\w+|[\w.]+@[\w-]+\.com/g)].map(
    ([text]) => text,
  )
  expect(secrets).toHaveLength(2)
  for (const file of filesUnder(store)) {
    const bytes = readFileSync(file)
    for (const secret of secrets) expect(bytes.includes(secret), `${file} holds ${secret}`).toBe(false)
  }
}, 60_000)
