import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// `reprise` and its subpaths mean src/ in every test but those in test/package/, which use the built package in child processes.
const source = {
  resolve: { conditions: ['reprise-source'] },
  ssr: { resolve: { conditions: ['reprise-source', 'node', 'import', 'default'] } },
}
// The last flags: V8 was seen to end a test process (`Check failed: jit_page.has_value()`) where threads run TypeScript sources, whose
// stripping is WebAssembly: it gave back the code of a call from there, which it compiles after a thousand of them. Ours makes no such calls.
const execArgv = [
  '--conditions=reprise-source',
  '--disable-warning=ExperimentalWarning',
  '--no-memory-protection-keys',
  '--wasm-wrapper-tiering-budget=2147483647',
]

// What a recorder of a test could not send is nothing for the recorders of other tests. Tests of the spool turn it on.
// And the programs that tests start, hundreds of them, need not compile the same sources again and again.
const env = { REPRISE_SPOOL: 'false', NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/reprise/compiled', import.meta.url)) }

// Machines of CI are shared: what fails there is tried once more, and named at the end when it then passes. What a property test
// has found is found: its next try would draw other values.
const retry = process.env['CI'] === 'true' ? { count: 1, condition: /^(?!Property failed)/ } : 0

/** Files that take most of a minute: begun first, so that none of them is left to run alone at the end. */
const LONG =
  /test\/(?:package\/kill|integration\/exits|crash\/power|collector\/forward|sdk\/bad-collectors|store\/faults|cli\/erase)\.test\.ts$/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

/**
 * Each in a process of its own: a recorder and the effects of a run belong to a process, and so do modules that a test or nock
 * replaces, and memory that is measured. All other files share that of their worker, which loads `src/` once instead of two hundred times.
 */
const OWN_PROCESS = [
  'test/sdk/**/*.test.ts',
  'test/replay/**/*.test.ts',
  ...globSync('test/*/**/*.test.ts', { cwd: import.meta.dirname }).filter(isOfProcess),
]

function isOfProcess(file: string): boolean {
  return /\bvi\.(?:mock|doMock|resetModules)\(|\bsyncBuiltinESMExports\(|\bmemoryUsage\b|from 'nock'/.test(
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  )
}

const fromSource = { testTimeout: 30_000, hookTimeout: 60_000, retry, execArgv, env }

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    globalSetup: ['test/support/temporary-parent.ts'],
    // Most of the longer tests wait for processes and disks rather than compute.
    maxWorkers: 2,
    projects: [
      {
        ...source,
        test: {
          name: 'source',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**', ...OWN_PROCESS],
          isolate: false,
          ...fromSource,
        },
      },
      {
        ...source,
        test: { name: 'own process', include: OWN_PROCESS, exclude: ['test/package/**'], ...fromSource },
      },
      {
        ...source,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/support/built-package.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          retry,
          execArgv,
          env,
        },
      },
    ],
  },
})
