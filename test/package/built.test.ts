import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { runNode } from '../support/run-process.ts'
import { SUBPATHS } from '../support/subpaths.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Imports a subpath in a program of its own, as a user's does, and tells where it came from and what it gives. */
async function importBuilt(specifier: string): Promise<{ url: string; names: string[] }> {
  const program = `
    const names = Object.keys(await import(${JSON.stringify(specifier)}))
    console.log(JSON.stringify({ url: import.meta.resolve(${JSON.stringify(specifier)}), names }))`
  const { code, stdout, stderr } = await runNode(['--input-type=module', '--eval', program], { cwd: root })
  expect(stderr).not.toMatch(/Error/)
  expect(code).toBe(0)
  return JSON.parse(stdout) as { url: string; names: string[] }
}

// reprise/vitest works inside vitest alone, where it extends expect(); there the source is tested.
const importable = SUBPATHS.filter(({ specifier }) => specifier !== 'reprise/vitest')

describe('the built package', () => {
  test('is as new as its sources', () => {
    expect(inject('buildFailure')).toBe('')
  })

  test.each(importable)('gives by $specifier what the source gives', async ({ specifier, source, built }) => {
    const { url, names } = await importBuilt(specifier)
    expect(url).toBe(new URL(`../../${built}`, import.meta.url).href)
    const fromSource = (await import(/* @vite-ignore */ new URL(`../../${source}`, import.meta.url).href)) as object
    expect(names.sort()).toEqual(Object.keys(fromSource).sort())
  })

  test.each(SUBPATHS)('has code and types for $specifier', ({ built, types }) => {
    for (const file of [built, types]) expect(existsSync(new URL(`../../${file}`, import.meta.url)), file).toBe(true)
  })

  test('runs where the program lets no clock be replaced', async () => {
    const program = `
      import { instrument, tool } from 'reprise'
      const step = tool(async (n) => n + 1, { name: 'step' })
      console.log(await instrument(async function answer() { return await step(Date.now() > 0 ? 1 : 0) })())`
    const { code, stdout, stderr } = await runNode(['--frozen-intrinsics', '--input-type=module', '--eval', program], {
      cwd: root,
      env: { REPRISE_ENDPOINT: 'http://127.0.0.1:9', REPRISE_SPOOL: 'false' },
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2\n' })
    expect(stderr).toMatch(/reprise: 2 steps not recorded/)
  })
})
