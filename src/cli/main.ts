import { EXIT } from './exit-codes.ts'
import { runCli } from './program.ts'
import { openTerminal } from './terminal.ts'

let code: number | undefined
/** What serves others does so, too, where nobody reads what it says, and where that cannot be written (a full disk, a terminal that is gone). */
const serves = ['up', 'run'].includes(process.argv[2] ?? '')
// A reader that went away (`reprise runs | head`) is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (serves) return
    if (error.code === 'EPIPE') process.exit(code ?? EXIT.ok)
    if (stream === process.stdout) process.stderr.write(`error: the output cannot be written: ${error.message}\n`)
    process.exit(EXIT.error)
  })
}

code = await runCli(process.argv.slice(2), openTerminal())
// A replayed program may leave timers and sockets behind; what was printed is flushed first.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
process.exit(code)
