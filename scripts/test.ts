import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestCounts } from '../test/support/closing-line.ts'

// Runs vitest with the arguments given and prints, as the very last line, what came of it. Vitest is a child process, so that
// the line is printed however vitest ends: a configuration that does not load, a crash and a killed process are failures too.

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const reporter = fileURLToPath(new URL('../test/support/closing-line.ts', import.meta.url))

const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, again: [] }
const child = spawn(process.execPath, [vitest, 'run', '--reporter=default', `--reporter=${reporter}`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
})
child.on('message', (message) => Object.assign(counts, message))
// The counts may still be on their way when the process is gone.
const [[code]] = (await Promise.all([once(child, 'exit'), once(child, 'disconnect')])) as [[number | null], unknown]

const ok = code === 0 && counts.failed === 0 && counts.passed > 0
const failed = ok ? 0 : Math.max(1, counts.failed)
for (const { name, reason } of counts.again) console.log(`passed at the second try only: ${name}: ${reason}`)
console.log(`\n${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
process.exitCode = ok ? 0 : code || 1
