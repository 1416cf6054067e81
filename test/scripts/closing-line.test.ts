import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const script = fileURLToPath(new URL('../../scripts/test.ts', import.meta.url))
// Inside the project, where `vitest` resolves.
const folder = fileURLToPath(new URL('./.generated', import.meta.url))

const CONFIG = "export default { test: { include: ['*.case.ts'] } }"
const GOOD = "test('good', () => {})"

const CASES: readonly (readonly [name: string, line: string, code: number, file: string | undefined, config: string])[] = [
  ['tests that pass', '2 passed, 0 failed', 0, `${GOOD}\n${GOOD}`, CONFIG],
  ['a skipped test', '1 passed, 0 failed, 1 skipped', 0, `${GOOD}\ntest.skip('later', () => {})`, CONFIG],
  ['a test that fails', '1 passed, 1 failed', 1, `${GOOD}\ntest('bad', () => { throw new Error('bad') })`, CONFIG],
  ['a file that does not load', '0 passed, 1 failed', 1, `import './missing.ts'\n${GOOD}`, CONFIG],
  ['a hook that fails', '1 passed, 1 failed', 1, `${GOOD}\nafterAll(() => { throw new Error('after') })`, CONFIG],
  ['an error after its test', '1 passed, 1 failed', 1, "test('good', async () => { Promise.reject(new Error('late')) })", CONFIG],
  // The test that never ended, and vitest's own error about the worker.
  ['a worker that dies', '0 passed, 2 failed', 1, "test('deadly', () => { process.kill(process.pid, 'SIGKILL') })", CONFIG],
  ['no test at all', '0 passed, 1 failed', 1, undefined, CONFIG],
  ['a configuration that does not load', '0 passed, 1 failed', 1, GOOD, "throw new Error('no configuration')"],
]

beforeAll(() => rmSync(folder, { recursive: true, force: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('npm test ends with a line that counts', () => {
  test.concurrent.each(CASES)('%s', async (name, line, code, file, config) => {
    const root = join(folder, name.replaceAll(' ', '-'))
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'vitest.config.mjs'), config)
    if (file !== undefined)
      writeFileSync(join(root, 'one.case.ts'), `import { afterAll, test } from 'vitest'\nafterAll(() => {})\n${file}\n`)
    const result = await runNode([script, '--root', root, '--config', join(root, 'vitest.config.mjs')])
    expect(result.stdout.trimEnd().split('\n').at(-1)).toBe(line)
    expect(result.code).toBe(code)
  })

  test('and names before it what passed at its second try only', async () => {
    const root = join(folder, 'second-try')
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'vitest.config.mjs'), "export default { test: { include: ['*.case.ts'], retry: 1 } }")
    const text =
      "import { expect, test } from 'vitest'\nlet tries = 0\ntest('flaky', () => { expect(++tries).toBe(2) })\ntest('good', () => {})\n"
    writeFileSync(join(root, 'one.case.ts'), text)
    const result = await runNode([script, '--root', root, '--config', join(root, 'vitest.config.mjs')])
    expect(result.stdout.trimEnd().split('\n').slice(-3)).toEqual([
      'passed at the second try only: one.case.ts > flaky: expected 1 to be 2 // Object.is equality',
      '',
      '2 passed, 0 failed',
    ])
  })
})
