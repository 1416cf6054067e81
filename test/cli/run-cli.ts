import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export type CliResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
export type CliOptions = {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  /** A descriptor in place of a pipe. */
  readonly stdout?: number
  readonly stderr?: number
}

export function spawnCli(args: readonly string[], options: CliOptions = {}): ChildProcess {
  return spawn(process.execPath, ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, NO_COLOR: '1', REPRISE_STORE: '', ...options.env },
    stdio: ['pipe', options.stdout ?? 'pipe', options.stderr ?? 'pipe'],
  })
}

/** Runs a Node program, the command line unless told otherwise, to its end. */
export async function finish(child: ChildProcess, input = ''): Promise<CliResult> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin?.end(input)
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { code, stdout, stderr }
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return await finish(spawnCli(args, options), options.input)
}

/** Runs a program of a user's, with the sources of this package behind `reprise`. */
export async function runProgram(file: string, env: NodeJS.ProcessEnv, cwd: string = ROOT): Promise<CliResult> {
  return await finish(
    spawn(process.execPath, ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', file], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
}

export type Up = { readonly url: string; readonly stderr: () => string; stop(signal?: NodeJS.Signals): Promise<number | null> }

/** `reprise up` on a free port; resolves once it printed its URL. */
export async function startUp(store: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Up> {
  const child = spawnCli(['up', '--port', '0', '--grpc-port', 'off', '--store', store, ...args], { env })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
    void closed.then((code) => reject(new Error(`reprise up ended with ${code}: ${stderr}`)))
  })
  return {
    url,
    stderr: () => stderr,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      return await closed
    },
  }
}
