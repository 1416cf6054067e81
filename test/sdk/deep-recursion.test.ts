import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { instrument, tool } from '../../src/sdk/index.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()

test('a wrapped function that overflows the stack throws the RangeError it would throw, and the next call is recorded', async () => {
  const storage = new AsyncLocalStorage<number>()
  const dive = (depth: number): number => storage.run(depth, () => dive(depth + 1) + 1)
  const deep = tool(() => dive(0), { name: 'deep' })
  const run = instrument(
    () => {
      let caught: unknown
      try {
        deep()
      } catch (error) {
        caught = error
      }
      return caught instanceof RangeError
    },
    { name: 'overflow' },
  )
  expect(run()).toBe(true)
  const fine = tool((value: number) => value + 1, { name: 'fine' })
  expect(fine(1)).toBe(2)
  expect(await recording.step('deep')).toMatchObject({ name: 'deep' })
  expect((await recording.step('overflow')).name).toBe('overflow')
  expect((await recording.step('fine')).name).toBe('fine')
})

test('calls of wrapped functions within each other, as deep as the stack goes, end in a RangeError that can be caught', async () => {
  let most = 0
  const nest: (depth: number) => number = tool(
    (depth: number): number => {
      most = depth
      return nest(depth + 1)
    },
    { name: 'nest' },
  )
  let caught: unknown
  try {
    nest(0)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(RangeError)
  expect(most).toBeGreaterThan(100)
  const fine = tool((value: number) => value + 1, { name: 'after' })
  expect(fine(1)).toBe(2)
  expect((await recording.step('after')).name).toBe('after')
})

test('values nested a hundred thousand deep are given and returned as they are', async () => {
  let value: unknown = []
  for (let depth = 0; depth < 100_000; depth++) value = [value]
  const echo = tool((given: unknown) => given, { name: 'echo' })
  expect(echo(value) === value).toBe(true)
  expect((await recording.step('echo')).name).toBe('echo')
})
