import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Builds dist/: the package from src/, then the examples against the built package, as a user would compile them.

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
// Not in dist/, which is packed as it stands.
const stampFile = join(root, 'node_modules', '.cache', 'reprise', 'build-stamp')
const DATA = /^examples[\\/][^\\/]+[\\/]data[\\/]/
const SOURCES = ['src', 'examples', 'package.json', 'tsconfig.json', 'tsconfig.build.json']

function listFiles(path: string): string[] {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full)
    .sort()
    .flatMap((name) => listFiles(join(path, name)))
}

/** Changes when a source is edited, added or removed. Sizes and times are enough here: nothing that is kept depends on it. */
function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file))
    hash.update(`${JSON.stringify([file, size, mtimeMs])}\n`)
  }
  return hash.digest('hex')
}

function compile(project: string): void {
  // `tsc` is the first argument of Node rather than a command, so that it also works where node_modules/.bin is not on the path.
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, error, stdout } = spawnSync(process.execPath, [tsc, '-p', project], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`tsc -p ${project} failed:\n${stdout}`)
}

/**
 * Builds dist/ anew. With `ifStale`, does nothing when dist/ is as new as its sources.
 * Returns whether it built; throws with the compiler's words when it cannot.
 */
export function build(options: { ifStale?: boolean } = {}): boolean {
  const files = SOURCES.flatMap(listFiles)
  const stamp = stampOf(files)
  if (options.ifStale && existsSync(join(dist, 'sdk', 'index.js')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
    return false
  rmSync(stampFile, { force: true })
  rmSync(dist, { recursive: true, force: true })
  compile('tsconfig.build.json')
  compile(join('examples', 'tsconfig.json'))
  // The examples read their data beside themselves.
  for (const file of files) if (DATA.test(file)) cpSync(join(root, file), join(dist, file), { recursive: true })
  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, stamp)
  return true
}

if (import.meta.main) {
  try {
    build({ ifStale: process.argv.includes('--if-stale') })
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
