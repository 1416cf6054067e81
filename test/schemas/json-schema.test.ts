import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { emittedSchemas, staleSchemas } from '../../scripts/emit-schemas.ts'
import { canonicalJson, jsonSchemaOf, SCHEMAS } from '../../src/schemas/public.ts'
import { quickCheckOf } from '../../src/schemas/records/index.ts'
import { matchesJsonSchema } from './check-json-schema.ts'
import { SAMPLES } from './samples.ts'

const committed = fileURLToPath(new URL('../../schemas', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'reprise-schemas-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** Every value that differs from `value` in one place: a part removed, replaced, or added. */
function* mutants(value: unknown): Generator<unknown> {
  yield* [null, true, -1, 1.5, 2 ** 60, '', 'x', [], {}, ['x'], { x: 1 }].filter((other) => canonicalJson(other) !== canonicalJson(value))
  if (typeof value === 'string') yield* [`${value}0`, `${value}\n`, value.slice(1), value.toUpperCase(), `/${value}`]
  if (Array.isArray(value)) {
    for (const [index, held] of value.entries()) {
      yield value.toSpliced(index, 1)
      for (const other of mutants(held)) yield value.with(index, other)
    }
    yield [...(value as unknown[]), 1]
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, held] of Object.entries(value)) {
      const { [key]: _removed, ...rest } = value as Record<string, unknown>
      yield rest
      for (const other of mutants(held)) yield { ...value, [key]: other }
    }
    yield { ...value, unknown: 1 }
  }
}

describe.each(SCHEMAS)('$id', (row) => {
  const jsonSchema = jsonSchemaOf(row)
  const sample = SAMPLES[row.name]

  test('has its id, version and name in one form', () => {
    expect(row.id).toBe(`reprise.${row.name}/${row.version}`)
    expect(jsonSchema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:reprise:schema:${row.name}:${row.version}`,
      title: row.id,
      type: 'object',
      additionalProperties: false,
    })
  })

  test('takes the sample, and a record says in itself what it is', () => {
    expect(row.schema.safeParse(sample).error).toBeUndefined()
    expect(matchesJsonSchema(jsonSchema, sample)).toBe(true)
    expect(JSON.stringify(sample)).toContain(`"schema":"${row.id}"`)
  })

  test('JSON Schema and validator agree on everything near the sample', () => {
    const counts = { accepted: 0, refused: 0 }
    for (const mutant of mutants(sample)) {
      const accepted = row.schema.safeParse(mutant).success
      counts[accepted ? 'accepted' : 'refused'] += 1
      if (matchesJsonSchema(jsonSchema, mutant) !== accepted) expect.fail(`zod says ${accepted}: ${JSON.stringify(mutant)}`)
    }
    expect(counts.accepted).toBeGreaterThan(0)
    expect(counts.refused).toBeGreaterThan(40)
  })
})

describe('a quick check', () => {
  test.each(['recording', 'recorded-step'] as const)('of %s agrees with the validator on everything near the sample', (name) => {
    const row = SCHEMAS.find((each) => each.name === name)
    if (row === undefined) throw new Error(`no schema ${name}`)
    const isOne = quickCheckOf(jsonSchemaOf(row))
    expect(isOne(SAMPLES[name])).toBe(true)
    for (const mutant of mutants(SAMPLES[name]))
      if (isOne(mutant) !== row.schema.safeParse(mutant).success)
        expect.fail(`the quick check says ${isOne(mutant)}: ${JSON.stringify(mutant)}`)
  })

  test('is made of nothing that it does not know', () => {
    const refused = [
      { type: 'object', propertyNames: { pattern: 'x' } },
      { type: 'array', uniqueItems: true },
      { not: {} },
      { type: 'string', maxLength: 1 },
      { type: ['string', 'null'] },
      { $ref: '#/$defs/absent' },
      { type: 'object', required: ['a'] },
      { type: 'string', minimum: 1 },
    ]
    for (const schema of refused) expect(() => quickCheckOf(schema), JSON.stringify(schema)).toThrow(TypeError)
  })
})

describe('the committed files', () => {
  test('are current: else run npm run schemas', () => {
    expect(staleSchemas()).toEqual([])
    expect(readdirSync(committed)).toHaveLength(SCHEMAS.length + 1)
  })

  test('are the same each time they are made', () => {
    expect([...emittedSchemas()]).toEqual([...emittedSchemas()])
    for (const text of emittedSchemas().values()) expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`)
  })

  test('the check names what is stale, missing or left over', () => {
    cpSync(committed, scratch, { recursive: true })
    expect(staleSchemas(scratch)).toEqual([])
    const file = join(scratch, 'gap.v1.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('integer', 'number'))
    rmSync(join(scratch, 'span.v1.json'))
    writeFileSync(join(scratch, 'span.v0.json'), '{}')
    expect(staleSchemas(scratch)).toEqual([
      'schemas/span.v1.json: missing',
      'schemas/gap.v1.json: not current',
      'schemas/span.v0.json: of no schema in the table',
    ])
  })
})

test('ids and names are distinct', () => {
  for (const key of ['id', 'name'] as const) expect(new Set(SCHEMAS.map((row) => row[key])).size).toBe(SCHEMAS.length)
})
