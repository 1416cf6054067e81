// Writes schemas/<name>.v<version>.json from the table of record schemas, and the OpenAPI document of the HTTP API. With --check it writes nothing and exits 1, naming
// each file that is missing, not current, or of no row.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openApiDocument } from '../src/collector/openapi/document.ts'
import { jsonSchemaOf, SCHEMAS } from '../src/schemas/records/index.ts'

const FOLDER = fileURLToPath(new URL('../schemas', import.meta.url))

/** The text of each file, by file name. */
export function emittedSchemas(): ReadonlyMap<string, string> {
  const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
  return new Map([
    ...SCHEMAS.map((row): [string, string] => [`${row.name}.v${row.version}.json`, text(jsonSchemaOf(row))]),
    ['openapi.v1.json', text(openApiDocument())],
  ])
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** One line for each file of `folder` that is not what the table gives. */
export function staleSchemas(folder: string = FOLDER): string[] {
  const emitted = emittedSchemas()
  const wrong = [...emitted].flatMap(([name, text]) => {
    const found = readText(join(folder, name))
    return found === text ? [] : [`schemas/${name}: ${found === undefined ? 'missing' : 'not current'}`]
  })
  const left = readdirSync(folder).filter((name) => name.endsWith('.json') && !emitted.has(name))
  return [...wrong, ...left.map((name) => `schemas/${name}: of no schema in the table`)]
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  if (process.argv.includes('--check')) {
    const stale = staleSchemas()
    for (const line of stale) console.error(line)
    if (stale.length > 0) {
      console.error('run: npm run schemas')
      process.exitCode = 1
    }
  } else {
    for (const [name, text] of emittedSchemas()) writeFileSync(join(FOLDER, name), text)
  }
}
