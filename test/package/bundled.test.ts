import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'reprise-bundle-'))
const bundle = join(folder, 'a', 'out', 'program.cjs')

const PROGRAM = `
import { instrument, tool } from 'reprise'
const ask = tool(async (text) => {
  if (process.argv[2] === 'exit') process.exit(3)
  return text
}, { name: 'ask' })
void instrument(async function answer() { return await ask('mail bob@example.com') })()
`

beforeAll(async () => {
  // Where the engine would be, were the bundle one of our files.
  mkdirSync(join(folder, 'redaction'))
  writeFileSync(join(folder, 'redaction', 'index.js'), "console.log('a file of the program ran')\n")
  const input = join(root, 'node_modules', '.cache', `bundled-program-${process.pid}.mjs`)
  writeFileSync(input, PROGRAM)
  try {
    // As esbuild makes it: in CommonJS it leaves `import.meta.url` undefined.
    const made = await rolldown({
      input,
      platform: 'node',
      transform: { define: { 'import.meta.url': 'undefined' } },
      logLevel: 'silent',
    })
    await made.write({ dir: join(folder, 'a', 'out'), format: 'cjs', entryFileNames: 'program.cjs', chunkFileNames: '[name]-[hash].cjs' })
    await made.close()
  } finally {
    rmSync(input)
  }
  return () => rmSync(folder, { recursive: true, force: true })
})

describe('a bundle of CommonJS, in which no module knows where it is', () => {
  async function run(end: string): Promise<{ code: number | null; stdout: string; stderr: string; spooled: string }> {
    const store = mkdtempSync(join(tmpdir(), 'reprise-bundled-'))
    onTestFinished(() => rmSync(store, { recursive: true, force: true }))
    // Port 9, discard: nobody listens there.
    const env = { REPRISE_STORE: store, REPRISE_ENDPOINT: 'http://127.0.0.1:9', REPRISE_SPOOL: 'true' }
    const { code, stdout, stderr } = await runNode([bundle, end], { cwd: folder, env })
    const spool = join(store, 'spool')
    const files = existsSync(spool) ? readdirSync(spool).filter((name) => name.endsWith('.spool')) : []
    return { code, stdout, stderr, spooled: files.map((name) => readFileSync(join(spool, name), 'latin1')).join('') }
  }

  test('starts, and spools what it cannot send', async () => {
    const { code, stdout, stderr, spooled } = await run('return')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^reprise: 2 steps kept in .*connection refused.*\n$/)
    expect(spooled).toContain('<email:')
    expect(spooled).not.toContain('bob@')
  })

  test('that exits before it has sent says what is lost, since nothing may be kept unredacted', async () => {
    const { code, stdout, stderr, spooled } = await run('exit')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^reprise: 2 lost \(spool_failed: /)
    expect(spooled).toBe('')
  })
})
