import { appendFileSync } from 'node:fs'
import { test as base } from 'reprise/vitest'
import { describe, expect } from 'vitest'
import { assist, ran, summarize } from './assistant.ts'

const test = base.extend({ wire: true })
const keep = (result: unknown): void => appendFileSync(process.env['RESULTS'] ?? '', `${JSON.stringify(result)}\n`)

test('assists', async ({ recorded }) => {
  const result = await recorded(assist, 'hello')
  expect(result.left.join('')).toMatch(/^hello ✓ \d+$/)
  expect(result.again).not.toEqual(result.left)
  keep(result)
})

describe('over the wire', () => {
  test.override({ serve: 'wire' })
  test('runs the client beneath a wrapped call', async ({ recorded }) => {
    keep(await recorded(summarize, 'bye'))
    expect(ran.chat).toBe(1)
  })
})
