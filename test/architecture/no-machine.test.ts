import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = ['{src,test,bench,docs,examples,scripts,schemas,bin}/**/*.*', '*.*', '.npmrc', '.ci/*']
/** Written in parts: this file is one of those that are looked through. */
const FOREIGN = [
  'npmjs.' + 'org',
  'yarnpkg.' + 'com',
  'npm.pkg.' + 'github.com',
  'pypi.' + 'org',
  'pythonhosted.' + 'org',
  'proxy.golang.' + 'org',
]

test('no file names the host of a package registry, and the lock file none at all', () => {
  const found = globSync(FILES, { cwd: ROOT, exclude: (path) => /(?:^|\/)(?:node_modules|dist)$/.test(path) }).filter((file) => {
    if (!/\.(?:ts|js|mjs|cjs|json|jsonl|md|wat|py|go|yml|yaml|toml)$|^\.npmrc$|^\.ci\//.test(file)) return false
    const text = readFileSync(`${ROOT}/${file}`, 'utf8')
    return FOREIGN.some((host) => text.includes(host)) || (file === 'package-lock.json' && /"resolved": "https?:/.test(text))
  })
  expect(found).toEqual([])
})
