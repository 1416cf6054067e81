// Replays every agent of this folder on each supported line of Node, fetched by npm as the package `node`, and ten times as many seeded
// interleavings of parallel calls; what cannot be fetched is said.
//   node test/replay/agents/on-each-node-program.ts [TIMES]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LINES = ['22', '24', '26']
const times = process.argv[2] ?? '100'
const corpus = fileURLToPath(new URL('replay-corpus-program.ts', import.meta.url))
const interleavings = fileURLToPath(new URL('../yardstick/interleavings-program.ts', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'reprise-nodes-'))
process.once('exit', () => rmSync(home, { recursive: true, force: true }))

for (const line of LINES) {
  const folder = join(home, line)
  const fetched = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, `node@${line}`], {
    encoding: 'utf8',
  })
  const node = join(folder, 'node_modules/.bin/node')
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (version.status !== 0 || !version.stdout.startsWith(`v${line}.`)) {
    console.log(`node ${line}: not run, npm could not fetch it (${fetched.stderr.trim().split('\n').at(-1) ?? ''})`)
    process.exitCode = 1
    continue
  }
  for (const program of [
    [corpus, times],
    [interleavings, String(10 * Number(times))],
  ]) {
    const { status } = spawnSync(node, ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', ...program], {
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}
