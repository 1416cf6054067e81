import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkFile, checkRooms, findCircles, type SourceFile } from './check-rooms.ts'
import { MAX_LINES } from './rooms.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

function readSources(folder: string, from: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      return { path: relative(join(root, from), file).split(sep).join('/'), text: readFileSync(file, 'utf8') }
    })
}

describe('the project', () => {
  test('keeps to the table of rooms and floors', () => {
    const files = readSources('src', 'src')
    expect(files.length).toBeGreaterThan(0)
    expect(checkRooms(files)).toEqual([])
  })

  test('has no files that load one another in a circle', () => {
    expect(findCircles(readSources('src', 'src'))).toEqual([])
  })

  test('has no file that is too long, and silences the compiler nowhere', () => {
    // The made-up bad inputs below are the one place where such a comment may stand.
    const files = ['src', 'test', 'bench', 'examples', 'scripts'].flatMap((folder) => readSources(folder, ''))
    expect(files.flatMap(checkFile).filter((fault) => !fault.startsWith('test/architecture/rooms.test.ts'))).toEqual([])
  })
})

// schemas/parse-json.ts tells why. What is parsed here has no keys, or none but our own.
const MAY_CALL_THE_ENGINE = [
  'cli/version.ts',
  'collector/version.ts',
  'redaction/policies/frozen/default-1.ts',
  'redaction/structure/json-strings.ts',
  'replay/recording/package-version.ts',
  'schemas/parse-json.ts',
  'schemas/values/value-revive.ts',
  'sdk/export/exit-send.ts',
  'sdk/export/handshake.ts',
  'sdk/version.ts',
]

test('what comes from elsewhere is parsed by parseJson', () => {
  const calling = readSources('src', 'src').filter(({ text }) => text.includes('JSON.parse('))
  expect(calling.map(({ path }) => path).sort()).toEqual(MAY_CALL_THE_ENGINE)
})

// Each rule is shown to bite: a file that breaks it, and the words of the complaint.
const INDEXES = ['schemas', 'otlp', 'redaction', 'adapters/dialects', 'store', 'sdk', 'collector', 'replay'].map((room) => ({
  path: `${room}/index.ts`,
  text: 'export {}\n',
}))
const check = (path: string, text: string): string[] => checkRooms([...INDEXES.filter((file) => file.path !== path), { path, text }])

test('a circle is found, however long; types and lazy imports make none', () => {
  const found = findCircles([
    { path: 'a/a.ts', text: "import { b } from './b.ts'" },
    { path: 'a/b.ts', text: "export { c } from '../c/c.ts'" },
    { path: 'c/c.ts', text: "import { type A } from '../a/a.ts'" },
    { path: 'c/d.ts', text: "import type { E } from './e.ts'\nimport './c.ts'" },
    { path: 'c/e.ts', text: "import './d.ts'\nimport './f.ts'" },
    { path: 'c/f.ts', text: "export const e = () => import('./e.ts')" },
  ])
  expect(found).toEqual(['a/a.ts > a/b.ts > c/c.ts'])
})

describe('the check finds', () => {
  test.each([
    ['a higher floor', 'otlp/a.ts', "import { x } from '../store/index.ts'", 'store/ stands on floor 2'],
    ['the same floor', 'otlp/a.ts', "import { x } from '../redaction/index.ts'", 'stand on one floor (1)'],
    ['a type from the same floor', 'replay/a.ts', "import type { X } from '../collector/index.ts'", 'stand on one floor (3)'],
    ['a re-export', 'schemas/a.ts', "export { x } from '../sdk/index.ts'", 'sdk/ stands on floor 2'],
    ['a re-export of everything', 'schemas/a.ts', "export * from '../sdk/index.ts'", 'sdk/ stands on floor 2'],
    ['a dynamic import', 'schemas/a.ts', "const x = await import('../sdk/index.ts')", 'sdk/ stands on floor 2'],
    ['a dynamic import in a template', 'schemas/a.ts', 'const x = await import(`../sdk/index.ts`)', 'sdk/ stands on floor 2'],
    ['an import type', 'schemas/a.ts', "type X = import('../sdk/index.ts').X", 'sdk/ stands on floor 2'],
    ['an import for its effect', 'schemas/a.ts', "import '../sdk/index.ts'", 'sdk/ stands on floor 2'],
    [
      'a require',
      'schemas/a.ts',
      "const require = createRequire(import.meta.url), x = require('../sdk/index.ts')",
      'sdk/ stands on floor 2',
    ],
    [
      'a require by another name',
      'schemas/a.ts',
      "const load = createRequire(import.meta.url), x = load('../sdk/index.ts')",
      'whose name is computed',
    ],
    ['a require of the moment', 'schemas/a.ts', "const x = createRequire(import.meta.url)('../sdk/index.ts')", 'whose name is computed'],
    ['a room entered beside its index', 'store/a.ts', "import { x } from '../schemas/digest.ts'", 'through its index.ts alone'],
    [
      'a nested room entered beside its index',
      'sdk/a.ts',
      "import { x } from '../adapters/dialects/table.ts'",
      'through its index.ts alone',
    ],
    ['an index below the room', 'collector/a.ts', "import { x } from '../schemas/values/index.ts'", 'through its index.ts alone'],
    ['the store in the sdk', 'sdk/deep/a.ts', "import { x } from '../../store/index.ts'", 'sdk/ never imports store/'],
    ['the validators in the sdk', 'sdk/a.ts', "import { x } from '../schemas/records/index.ts'", 'sdk/ never imports schemas/records/'],
    ['a file beside a second door', 'replay/a.ts', "import { x } from '../schemas/records/span.ts'", 'through its index.ts alone'],
    ['the collector in the sdk', 'sdk/a.ts', "const x = () => import('../collector/index.ts')", 'sdk/ never imports collector/'],
    ['a test', 'store/a.ts', "import { x } from '../../test/support/x.ts'", 'outside of it'],
    ['an example', 'cli/a.ts', "import { x } from '../../examples/support-agent/agent.ts'", 'outside of it'],
    ['a file in no room', 'store/a.ts', "import { x } from '../helpers.ts'", 'helpers.ts lies in no room'],
    ['the package by its own name', 'replay/a.ts', "import { x } from 'reprise'", 'never the package by its own name'],
    ['a subpath of the package', 'replay/a.ts', "import { x } from 'reprise/schemas'", 'never the package by its own name'],
    ['a computed import', 'store/a.ts', 'const x = await import(name)', 'whose name is computed'],
    ['a computed import beside the file that may', 'sdk/spool/a.ts', 'const x = await import(name)', 'whose name is computed'],
    ['I/O in a pure room', 'redaction/a.ts', "import { readFile } from 'node:fs/promises'", 'is pure'],
    ['I/O without the prefix', 'schemas/a.ts', "import net from 'net'", 'is pure'],
    ['a heavy package at the start', 'sdk/a.ts', "import { request } from 'undici'", 'only when it is needed'],
    ['process.exit', 'sdk/a.ts', 'process.exit(1)', 'only cli/main.ts'],
    ['process.exit by a string', 'sdk/a.ts', "globalThis.process['exit'](1)", 'only cli/main.ts'],
    ['exit taken out of process', 'cli/a.ts', 'const { exit } = process', 'only cli/main.ts'],
    ['exit imported', 'cli/a.ts', "import { exit } from 'node:process'", 'only cli/main.ts'],
    ['an assertion through unknown', 'sdk/a.ts', 'const x = y as unknown as string', 'assertion through unknown'],
  ])('%s', (_, path, text, complaint) => {
    const faults = check(path, `// a first line\n${text}\n`)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`src/${path}:2: `)
    expect(faults[0]).toContain(complaint)
  })

  test('a folder that is not in the table', () => {
    expect(check('helpers/a.ts', '')).toEqual(['src/helpers/a.ts: lies in no room of test/architecture/rooms.ts'])
    expect(check('a.ts', '')).toEqual(['src/a.ts: lies in no room of test/architecture/rooms.ts'])
    expect(check('adapters/a.ts', '')).toEqual(['src/adapters/a.ts: lies in no room of test/architecture/rooms.ts'])
  })

  test('a room without an index.ts', () => {
    expect(checkRooms([{ path: 'store/a.ts', text: '' }])).toEqual(['src/store: has no index.ts that names what the room gives'])
  })

  test('a file of one line too many', () => {
    expect(checkFile({ path: 'a.ts', text: 'x\n'.repeat(MAX_LINES) })).toEqual([])
    expect(checkFile({ path: 'a.ts', text: 'x\n'.repeat(MAX_LINES + 1) })).toHaveLength(1)
  })

  test('a silenced compiler', () => {
    expect(checkFile({ path: 'a.ts', text: '// @ts-expect-error\n' })).toHaveLength(1)
  })
})

test.each([
  [
    'lower floors through their index',
    'cli/a.ts',
    "import { x } from '../store/index.ts'\nimport { y } from '../adapters/dialects/index.ts'",
  ],
  ['a door that the table names', 'replay/a.ts', "import { x } from '../schemas/records/index.ts'"],
  ['its own files', 'otlp/deep/a.ts', "import { x } from '../wire.ts'\nexport { x }"],
  [
    'what only looks like an import',
    'schemas/a.ts',
    "// import '../sdk/index.ts'\nconst x = \"import '../sdk/index.ts'\"\nconst y = /process.exit/",
  ],
  ['a function that is only called so', 'store/a.ts', 'function require(sql) {}\nrequire(`a ${sql}`)'],
  ['a heavy package when needed', 'sdk/a.ts', "import type { Dispatcher } from 'undici'\nconst x = () => import('undici')"],
  ['a computed import in the file that the table names', 'sdk/spool/detector-modules.ts', 'const x = createRequire(file)(name)'],
  ['a computed import in cli/', 'cli/a.ts', 'const x = await import(name)'],
  ['the exit of cli/main.ts', 'cli/main.ts', 'process.exit(0)'],
  ['an exit code', 'sdk/a.ts', 'process.exitCode = 1'],
])('the check allows %s', (_, path, text) => {
  expect(check(path, text)).toEqual([])
})
