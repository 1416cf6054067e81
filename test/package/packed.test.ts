import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { runNode, runProcess } from '../support/run-process.ts'
import { SUBPATHS } from '../support/subpaths.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const MAX_TARBALL_BYTES = 2_500_000

type Packed = { filename: string; size: number; files: { path: string }[] }

let project = ''
let packed: Packed
let paths: string[]

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'reprise-packed-'))
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'reprise'), { recursive: true })
  const { stdout, stderr } = await runProcess('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], { cwd: root })
  const answer = JSON.parse(stdout) as Packed[] | Record<string, Packed>
  const first = Object.values(answer)[0]
  if (first === undefined) throw new Error(`npm pack gave nothing: ${stderr}`)
  packed = first
  paths = packed.files.map(({ path }) => path)
  const unpacked = await runProcess('tar', ['-xzf', join(project, packed.filename), '--strip-components=1', '-C', join(modules, 'reprise')])
  if (unpacked.code !== 0) throw new Error(`tar: ${unpacked.stderr}`)
  // Only what package.json declares: a package that is there by chance must not help.
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'dir')
  }
})
afterAll(() => rmSync(project, { recursive: true }))

describe('the packed package', () => {
  test('holds what the exports map and the command point to', () => {
    const wanted = SUBPATHS.flatMap(({ source, built, types }) => [source, built, types]).map((path) => path.replace('./', ''))
    expect(paths).toEqual(
      expect.arrayContaining([...wanted, manifest.bin.reprise, 'LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json']),
    )
  })

  test('tells resolvers that know no exports map the same (module: commonjs of TypeScript 5)', () => {
    const [root, ...subpaths] = SUBPATHS.map(({ specifier, types }) => [specifier.replace(/^reprise\/?/, ''), types] as const)
    expect(root).toEqual(['', manifest.types])
    expect(manifest.main).toBe(manifest.exports['.'].default)
    expect(manifest.typesVersions['*']).toEqual(Object.fromEntries(subpaths.map(([name, types]) => [name, [types]])))
  })

  test('holds the JSON Schemas that stand in the project', () => {
    const schemas = readdirSync(join(root, 'schemas')).map((name) => `schemas/${name}`)
    expect(schemas.length).toBeGreaterThan(0)
    expect(paths).toEqual(expect.arrayContaining(schemas))
  })

  test('holds no tests, tools, scripts or stores', () => {
    const rooms = new Set(paths.map((path) => (path.includes('/') ? `${path.split('/')[0]}/` : path)))
    expect([...rooms].sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'NOTICE', 'README.md', 'bin/', 'dist/', 'docs/', 'package.json', 'schemas/', 'src/'].sort(),
    )
    expect(paths.filter((path) => /\.test\.|\.tsbuildinfo$|node_modules|\.reprise|\.env/.test(path))).toEqual([])
  })

  test('is small', () => {
    expect(packed.size).toBeLessThan(MAX_TARBALL_BYTES)
  })

  test('runs its command with nothing but its declared dependencies', async () => {
    const { code, stdout, stderr } = await runNode([join(project, 'node_modules', 'reprise', 'bin', 'reprise.js'), '--help'], {
      cwd: project,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('reprise')
  })

  test.each(SUBPATHS.filter(({ specifier }) => specifier !== 'reprise/vitest'))('loads $specifier', async ({ specifier }) => {
    const program = `await import(${JSON.stringify(specifier)}); console.log(import.meta.resolve(${JSON.stringify(specifier)}))`
    const { code, stdout, stderr } = await runNode(['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program], {
      cwd: project,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('/node_modules/reprise/dist/')
  })

  test('gives its schemas and its manifest by name', async () => {
    const program = `for (const name of ${JSON.stringify(['package.json', ...readdirSync(join(root, 'schemas')).map((file) => `schemas/${file}`)])})
      await import('reprise/' + name, { with: { type: 'json' } })`
    expect(await runNode(['--input-type=module', '--eval', program], { cwd: project })).toMatchObject({ code: 0 })
  })
})
