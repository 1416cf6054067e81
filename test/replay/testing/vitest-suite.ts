import { spawn } from 'node:child_process'
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../temporary-folder.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface Told {
  readonly code: number | null
  readonly output: string
}

/** Runs real vitest in `folder`, whose `reprise` is this source tree. */
export async function runVitest(folder: string, env: Record<string, string>, ...args: string[]): Promise<Told> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(?:VITEST|CI$|NODE_ENV|REPRISE|FORCE_COLOR)/.test(key)))
  const { NODE_OPTIONS: more = '', ...rest } = env
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...args], {
    cwd: folder,
    env: { ...clean, NO_COLOR: '1', NODE_OPTIONS: `--conditions=reprise-source ${more}`, ...rest },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output }
}

/** A small project as a user has it: the files of a folder here, and what it depends on. */
export async function openSuite(files: URL, config: string, dependencies: readonly string[]): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'node_modules/@anthropic-ai'), { recursive: true })
  await symlink(ROOT, join(folder, 'node_modules/reprise'))
  for (const name of dependencies) await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await cp(fileURLToPath(files), folder, { recursive: true })
  await writeFile(join(folder, 'vitest.config.mjs'), config)
  return folder
}

export async function recordingsOf(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, '__recordings__'), { recursive: true }).catch(() => [])
  return entries.filter((entry) => entry.endsWith('recording.json')).sort()
}
