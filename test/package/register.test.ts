import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

// A program that takes its references first, as a module does that is evaluated before the one that imports this package.
const PROGRAM = `
  const before = [Date, Date.now, performance.now, Math.random, setTimeout, crypto.randomUUID]
  await import('reprise')
  const after = [Date, Date.now, performance.now, Math.random, setTimeout, crypto.randomUUID]
  console.log(JSON.stringify(before.map((value, index) => value === after[index])))`

async function references(...flags: string[]): Promise<boolean[]> {
  const { code, stdout, stderr } = await runNode([...flags, '--input-type=module', '--eval', PROGRAM], { cwd: root })
  expect(stderr).not.toMatch(/Error/)
  expect(code).toBe(0)
  return JSON.parse(stdout) as boolean[]
}

test('with --import reprise/register a program has no reference that was taken too early', async () => {
  expect(await references('--import', 'reprise/register')).toEqual(Array.from({ length: 6 }, () => true))
  expect(await references()).not.toContain(true)
})
