import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = ['{src,test,bench,docs,examples,scripts,schemas,bin}/**/*.*', '*.*', '.npmrc', '.ci/*']
/** By label: this file is one of those that are looked through. */
const REGISTRIES = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['proxy', 'golang', 'org'],
].map((labels) => labels.join('.'))

test('no file names the host of a package registry, and the lock file none at all', () => {
  const found = globSync(FILES, { cwd: ROOT, exclude: (path) => /(?:^|\/)(?:node_modules|dist)$/.test(path) }).filter((file) => {
    if (!/\.(?:ts|js|mjs|cjs|json|jsonl|md|wat|py|go|yml|yaml|toml)$|^\.npmrc$|^\.ci\//.test(file)) return false
    const text = readFileSync(`${ROOT}/${file}`, 'utf8')
    return REGISTRIES.some((host) => text.includes(host)) || (file === 'package-lock.json' && /"resolved": "https?:/.test(text))
  })
  expect(found).toEqual([])
})
