import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// The tools of `npm run check` stand in a package of their own without a lock file; see docs/decisions/0003.

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'tools')

type Manifest = { version?: string; dependencies?: Record<string, string>; bin?: string | Record<string, string> }

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

function manifestOf(packageName: string): Manifest | undefined {
  const path = join(folder, 'node_modules', packageName, 'package.json')
  return existsSync(path) ? readManifest(path) : undefined
}

/** Installs what `tools/package.json` names, if it is not there in exactly those versions. Returns whether it had to. */
export function installTools(): boolean {
  const { dependencies = {} } = readManifest(join(folder, 'package.json'))
  const current = Object.entries(dependencies).every(([name, version]) => manifestOf(name)?.version === version)
  if (current) return false
  const { status } = spawnSync('npm', ['install', '--prefix', folder, '--no-package-lock', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('npm install --prefix tools failed')
  return true
}

/** The file behind a command, as Node's first argument. */
export function toolFile(command: string): string {
  const { dependencies = {} } = readManifest(join(folder, 'package.json'))
  for (const name of Object.keys(dependencies)) {
    const bin = manifestOf(name)?.bin
    const file = typeof bin === 'string' ? (name.split('/').at(-1) === command ? bin : undefined) : bin?.[command]
    if (file !== undefined) return join(folder, 'node_modules', name, file)
  }
  throw new Error(`tools/package.json names no package with the command '${command}'`)
}

if (import.meta.main) {
  const [command = '', ...args] = process.argv.slice(2)
  installTools()
  process.exitCode = spawnSync(process.execPath, [toolFile(command), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1
}
