import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

export type ProcessResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/**
 * Runs a program as a user's shell would: without the conditions and flags that the tests themselves run under, and with this
 * test's Node first on the path. The program is killed after `timeoutMillis`.
 */
export function runProcess(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string; timeoutMillis?: number } = {},
): Promise<ProcessResult> {
  const { NODE_OPTIONS: _nodeOptions, VITEST: _vitest, NODE_ENV: _nodeEnv, ...env } = process.env
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...env, PATH: `${dirname(process.execPath)}${delimiter}${env['PATH'] ?? ''}`, ...options.env },
    stdio: 'pipe',
    timeout: options.timeoutMillis ?? 30_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A program that ends without reading its input is not an error here.
  child.stdin.on('error', () => {}).end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** `runProcess` for a Node program. */
export function runNode(args: readonly string[], options?: Parameters<typeof runProcess>[2]): Promise<ProcessResult> {
  return runProcess(process.execPath, args, options)
}
