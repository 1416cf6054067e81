import { PassThrough, Writable } from 'node:stream'
import { runCli } from '../../src/cli/program.ts'
import type { CliResult } from './run-cli.ts'

/** The command line in this process, which is quicker than one of its own; programs that it loads share the process. */
export async function runHere(args: readonly string[], cwd: string): Promise<CliResult & { readonly code: number }> {
  const said = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof said): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk)
        done()
      },
    })
  const streams = { stdin: new PassThrough().end(), stdout: sink('stdout'), stderr: sink('stderr') }
  return { code: await runCli(args, { ...streams, env: {}, cwd, colorOut: false, colorErr: false }), ...said }
}
