import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { inspectStore, openStore } from '../../src/store/index.ts'
import { appendSpans, RUN, sketchOf } from '../store/support/records.ts'
import { runCli } from './run-cli.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-export-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function modesUnder(dir: string): Set<string> {
  const paths = [dir, ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name))]
  return new Set(paths.map((path) => (statSync(path).mode & 0o777).toString(8)))
}

it.skipIf(process.platform === 'win32')(
  'a recording that is exported into a store is as private as the store; elsewhere it has the modes of any file',
  async () => {
    const dir = join(folder, 'store')
    const store = await openStore(dir, { mode: 'write' })
    await appendSpans(store, sketchOf(RUN, 0, { content: { input: '"asked"', output: '"answered"' } }))
    await store.close()
    const inside = join(dir, 'recordings', 'o'.repeat(255))
    expect(await runCli(['export', RUN, '--out', inside, '--store', dir])).toMatchObject({ code: 0 })
    expect(modesUnder(join(dir, 'recordings'))).toEqual(new Set(['700', '600']))
    expect(inspectStore(dir).tooOpen).toEqual([])
    // A name may be as long as names can be. Replacing a recording changes nothing of its modes.
    expect(await runCli(['export', RUN, '--out', inside, '--force', '--store', dir])).toMatchObject({ code: 0 })
    expect(inspectStore(dir).tooOpen).toEqual([])

    const open = join(folder, 'open')
    mkdirSync(open)
    chmodSync(open, 0o755)
    expect(await runCli(['export', RUN, '--out', join(open, 'recordings', 'one'), '--store', dir])).toMatchObject({ code: 0 })
    const umask = process.umask()
    expect(modesUnder(join(open, 'recordings'))).toEqual(new Set([(0o777 & ~umask).toString(8), (0o666 & ~umask).toString(8)]))
  },
  30_000,
)
