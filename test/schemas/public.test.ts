import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as room from '../../src/schemas/index.ts'
import * as everything from '../../src/schemas/public.ts'
import * as validators from '../../src/schemas/records/index.ts'

/** The names that a file of re-exports gives, types included. */
function namesOf(file: string): string[] {
  const text = readFileSync(new URL(`../../src/schemas/${file}`, import.meta.url), 'utf8')
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from /gm)].map(([, list]) => list ?? '')
  return lists.flatMap((list) => list.split(',')).flatMap((item) => /^\s*(?:type )?(\w+)\s*$/.exec(item)?.[1] ?? [])
}

describe('reprise/schemas', () => {
  test('gives all that the room and its validators give, each the same thing', () => {
    expect({ ...everything }).toEqual({ ...room, ...validators })
    for (const [name, value] of Object.entries({ ...room, ...validators })) expect(Reflect.get(everything, name), name).toBe(value)
  })

  test('gives their types too', () => {
    const all = new Set([...namesOf('index.ts'), ...namesOf('records/index.ts')])
    expect(all).toContain('SpanRecord')
    expect(all).toContain('SchemaRow')
    expect(namesOf('public.ts').sort()).toEqual([...all].sort())
  })
})
