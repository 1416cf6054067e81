import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAst } from 'vitest/node'
import manifest from '../../package.json' with { type: 'json' }
import { runNode } from '../support/run-process.ts'

const launcher = fileURLToPath(new URL('../../bin/reprise.js', import.meta.url))
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-launcher-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the launcher on a Node that says it is of another version. */
async function runAsNode(version: string): ReturnType<typeof runNode> {
  const pretend = join(folder, `pretend-${version}.cjs`)
  writeFileSync(pretend, `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`)
  return runNode(['--require', pretend, launcher, '--version'])
}

describe('bin/reprise.js', () => {
  test('runs the command', async () => {
    const { code, stdout, stderr } = await runNode([launcher, '--version'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(manifest.version)
  })

  test.each(['0.10.48', '8.17.0', '18.20.8', '20.20.2', '22.19.9'])('names both versions on Node %s', async (version) => {
    const { code, stdout, stderr } = await runAsNode(version)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain('22.20.0')
    expect(stderr).toContain(version)
  })

  test.each(['22.20.0', '23.0.0', '24.21.0', '100.0.0'])('accepts Node %s', async (version) => {
    expect(await runAsNode(version)).toMatchObject({ code: 0, stderr: '' })
  })

  test('asks for the version that package.json asks for', () => {
    expect(readFileSync(launcher, 'utf8')).toContain(`'${manifest.engines.node.replace('>=', '')}'`)
  })

  test('starts a collector with little room for young objects, as the process that it was', async ({ skip }) => {
    if (process.platform !== 'linux') skip('SKIPPED: how a process was started is read from /proc here')
    const place = join(folder, 'tuned')
    cpSync(launcher, join(place, 'bin', 'reprise.js'))
    const main = join(place, 'dist', 'cli', 'main.js')
    mkdirSync(dirname(main), { recursive: true })
    writeFileSync(join(place, 'package.json'), '{"type":"module"}')
    writeFileSync(
      main,
      'console.log(JSON.stringify({ execArgv: process.execArgv, argv: process.argv.slice(2), arenas: process.env.MALLOC_ARENA_MAX }))',
    )
    const started = async (...args: string[]): Promise<unknown> => {
      const { stdout, stderr } = await runNode(args)
      // V8 says there what it is told and does not know.
      expect(stderr).toBe('')
      return JSON.parse(stdout)
    }
    const script = join(place, 'bin', 'reprise.js')
    expect(await started('--no-warnings', script, 'up', '--port', '0', 'a b')).toEqual({
      execArgv: ['--no-warnings', '--max-semi-space-size=2'],
      argv: ['up', '--port', '0', 'a b'],
      arenas: '1',
    })
    // Whoever says it himself is listened to, and no other command needs it.
    expect(await started('--max-semi-space-size=16', script, 'up')).toMatchObject({ execArgv: ['--max-semi-space-size=16'] })
    expect(await started(script, 'runs')).toMatchObject({ execArgv: [] })
  })

  test('says what to do where nothing is built', async () => {
    cpSync(launcher, join(folder, 'bin', 'reprise.js'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const { code, stderr } = await runNode([join(folder, 'bin', 'reprise.js'), 'runs'])
    expect(code).toBe(1)
    expect(stderr).toContain('npm run build')
  })

  test('keeps quiet about SQLite, and about nothing else', async () => {
    cpSync(launcher, join(folder, 'warned', 'bin', 'reprise.js'))
    cpSync(join(folder, 'package.json'), join(folder, 'warned', 'package.json'))
    const main = join(folder, 'warned', 'dist', 'cli', 'main.js')
    mkdirSync(dirname(main), { recursive: true })
    writeFileSync(
      main,
      `process.emitWarning('SQLite is an experimental feature', 'ExperimentalWarning')
       process.emitWarning('another feature', 'ExperimentalWarning')
       process.emitWarning('SQLite is fine', { type: 'OtherWarning' })`,
    )
    const { stderr } = await runNode([join(folder, 'warned', 'bin', 'reprise.js')])
    expect(stderr).not.toContain('SQLite is an experimental feature')
    expect(stderr).toContain('another feature')
    expect(stderr).toContain('SQLite is fine')
  })

  test('is in a language that an old Node can read', () => {
    const text = readFileSync(launcher, 'utf8')
    const found = new Set<string>()
    JSON.stringify(parseAst(text, { sourceType: 'script' }), (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string') {
        found.add('kind' in value && typeof value.kind === 'string' ? `${value.type} ${value.kind}` : value.type)
      }
      return value
    })
    const newer = [...found].filter((type) =>
      /^VariableDeclaration (?!var)|Arrow|Template|Class|Import|Export|Await|Yield|Spread|Rest|Pattern|Chain|ForOf|BigInt/.test(type),
    )
    expect(newer).toEqual([])
    // Trailing commas in calls and parameters do not show in the tree.
    expect(text).not.toMatch(/,\s*\)/)
  })
})
