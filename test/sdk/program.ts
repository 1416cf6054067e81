import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const SDK_URL = new URL('../../src/sdk/index.ts', import.meta.url).href

export interface ProgramEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly millis: number
}

/** Runs a program of a test in a process of its own, to its end. In it 'reprise' means the SDK's sources. */
export async function runProgram(source: string, env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-program-'))
  const file = join(folder, 'program.mjs')
  // Programs resolve packages as this project does.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(file, source.replaceAll(/(from |import\()'reprise'/g, `$1'${SDK_URL}'`))
  const started = performance.now()
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    cwd: root,
    // What it cannot send goes with its folder, unless the test has a place for it.
    env: { PATH: process.env['PATH'] ?? '', REPRISE_STORE: join(folder, 'store'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  rmSync(folder, { recursive: true, force: true })
  return { code, stdout, stderr, millis: performance.now() - started }
}
