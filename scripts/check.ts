import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.ts'
import { installTools, toolFile } from './tool.ts'

// Everything that can be said of the sources without running them. Goes on after a failure, so that one run names them all.

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a program and returns what it printed, if it failed. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): string | undefined {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...env },
  })
  if (status === 0) return undefined
  return `${stdout ?? ''}${stderr ?? ''}`.trim() || `${command} ended with ${error?.message ?? signal ?? status}`
}

const node = (...args: string[]): string | undefined => run(process.execPath, args)
const tool = (command: string, ...args: string[]): string | undefined => node(toolFile(command), ...args)
const tsc = (...args: string[]): string | undefined => node(join('node_modules', 'typescript', 'bin', 'tsc'), ...args)

/**
 * The types of what a file exports are written in the file (isolatedDeclarations). Not so for the records: their types are
 * inferred from their zod validators, so that the two cannot differ; see docs/decisions/0001.
 */
function checkDeclarations(): string | undefined {
  const faults = tsc('-p', 'tsconfig.build.json', '--isolatedDeclarations', '--noEmit', '--pretty', 'false')
    ?.split('\n')
    .filter((line) => !line.startsWith('src/schemas/records/'))
  return faults === undefined || faults.length === 0 ? undefined : faults.join('\n')
}

const packFolder = mkdtempSync(join(tmpdir(), 'reprise-check-'))

/** The tarball that `npm publish` would send, made once. Never through `npm pack`'s scripts, which would build again. */
function tarball(): string {
  const packed = (): string | undefined => readdirSync(packFolder).find((name) => name.endsWith('.tgz'))
  if (packed() === undefined) {
    const failure = run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', packFolder])
    if (failure !== undefined) throw new Error(failure)
  }
  return join(packFolder, packed() ?? '')
}

const STEPS: readonly (readonly [name: string, step: () => string | undefined])[] = [
  ['tools', () => void installTools()],
  ['types', () => tsc('-p', 'tsconfig.json')],
  ['declarations', checkDeclarations],
  ['build', () => void build({ ifStale: true })],
  ['lint', () => tool('biome', 'lint', '--error-on-warnings')],
  ['format', () => tool('biome', 'check', '--linter-enabled=false')],
  ['dead code', () => tool('knip', '--no-progress', '--treat-config-hints-as-errors')],
  [
    'schemas current',
    () => node('--conditions=reprise-source', '--disable-warning=ExperimentalWarning', join('scripts', 'emit-schemas.ts'), '--check'),
  ],
  ['wasm current', () => node(join('scripts', 'emit-wasm.ts'), '--check')],
  ['package (publint)', () => tool('publint', 'run', tarball(), '--strict')],
  ['package types (attw)', () => tool('attw', tarball(), '--profile', 'esm-only', '--no-definitely-typed', '--no-color')],
  ['rooms and floors', () => node(join('node_modules', 'vitest', 'vitest.mjs'), 'run', 'test/architecture')],
]

const failed: string[] = []
try {
  for (const [name, step] of STEPS) {
    const startMillis = performance.now()
    let failure: string | undefined
    try {
      failure = step()
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
    }
    const seconds = ((performance.now() - startMillis) / 1000).toFixed(1)
    console.log(`${failure === undefined ? 'ok  ' : 'FAIL'}  ${name.padEnd(22)} ${seconds.padStart(5)} s`)
    if (failure === undefined) continue
    failed.push(name)
    console.log(`\n${failure}\n`)
  }
} finally {
  if (existsSync(packFolder)) rmSync(packFolder, { recursive: true })
}

console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
