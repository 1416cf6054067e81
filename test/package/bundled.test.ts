import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'reprise-bundle-'))
const bundle = join(folder, 'a', 'out', 'program.cjs')

const packed = join(folder, 'b', 'out', 'program.cjs')

/**
 * As webpack does it: modules know where they were when the bundle was made, and what `createRequire` of node:module gives is followed
 * then, and is nothing where it cannot be.
 */
const followsRequires: Plugin = {
  name: 'follows-requires',
  resolveId: (id) => (id === 'node:module' ? '\0module' : undefined),
  load: (id) =>
    id === '\0module'
      ? "import Module from 'module'; export default Module; export const { syncBuiltinESMExports } = Module; export const createRequire = () => undefined"
      : undefined,
  transform: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
}

const PROGRAM = `
import { instrument, tool } from 'reprise'
const ask = tool(async (text) => {
  if (process.argv[2] === 'exit') process.exit(3)
  return text
}, { name: 'ask' })
void instrument(async function answer() { return await ask('mail bob@example.com') })()
`

/** As esbuild makes it: in CommonJS it leaves `import.meta.url` undefined. */
async function bundleAs(file: string, input: string, plugins: Plugin[] = []): Promise<void> {
  const made = await rolldown({
    input,
    platform: 'node',
    plugins,
    ...(plugins.length === 0 && { transform: { define: { 'import.meta.url': 'undefined' } } }),
    logLevel: 'silent',
  })
  await made.write({ dir: dirname(file), format: 'cjs', entryFileNames: basename(file), chunkFileNames: '[name]-[hash].cjs' })
  await made.close()
}

beforeAll(async () => {
  // Where the engine would be, were the bundle one of our files.
  mkdirSync(join(folder, 'redaction'))
  writeFileSync(join(folder, 'redaction', 'index.js'), "console.log('a file of the program ran')\n")
  const input = join(root, 'node_modules', '.cache', `bundled-program-${process.pid}.mjs`)
  writeFileSync(input, PROGRAM)
  try {
    await bundleAs(bundle, input)
    await bundleAs(packed, input, [followsRequires])
  } finally {
    rmSync(input)
  }
  return () => rmSync(folder, { recursive: true, force: true })
})

describe('a bundle of CommonJS, in which no module knows where it is', () => {
  async function run(end: string, program = bundle): Promise<{ code: number | null; stdout: string; stderr: string; spooled: string }> {
    const store = mkdtempSync(join(tmpdir(), 'reprise-bundled-'))
    onTestFinished(() => rmSync(store, { recursive: true, force: true }))
    // Port 9, discard: nobody listens there.
    const env = { REPRISE_STORE: store, REPRISE_ENDPOINT: 'http://127.0.0.1:9', REPRISE_SPOOL: 'true' }
    const { code, stdout, stderr } = await runNode([program, end], { cwd: folder, env })
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

  test('spools as well where the bundler follows every require that it sees', async () => {
    const { code, stdout, stderr, spooled } = await run('return', packed)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(/^reprise: 2 steps kept in /)
    expect(spooled).toContain('<email:')
  })

  test('that exits before it has sent says what is lost, since nothing may be kept unredacted', async () => {
    const { code, stdout, stderr, spooled } = await run('exit')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^reprise: 2 lost \(spool_failed: /)
    expect(spooled).toBe('')
  })
})
