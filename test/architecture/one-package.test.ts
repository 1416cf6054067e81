import { describe, expect, test } from 'vitest'
import { SUBPATHS } from '../support/subpaths.ts'

// Two copies of the package in one test would have two run contexts and two classes of one error: nothing would match.
describe('the package by its own name is src/', () => {
  test('there are subpaths to check', () => {
    expect(SUBPATHS.map(({ specifier }) => specifier)).toContain('reprise')
  })

  test.each(SUBPATHS)('$specifier', async ({ specifier, source }) => {
    const byName: unknown = await import(/* @vite-ignore */ specifier)
    const byPath: unknown = await import(/* @vite-ignore */ new URL(`../../${source}`, import.meta.url).href)
    expect(byName).toBe(byPath)
  })
})
