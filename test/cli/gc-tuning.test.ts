import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { GcTuning } from '../../src/cli/gc-tuning.ts'

const MIB = 1024 * 1024

test('one helper and more room while there is little to do, neither as soon as there is much, and again after a while', () => {
  const set: string[] = []
  const since = (): string[] => set.splice(0)
  const tuning = new GcTuning({
    setFlag: (flag) => set.push(flag),
    giveWay: (gives) => set.push(gives ? 'threads go last' : 'threads go with the others'),
  })
  const calm = ['--heap-growing-percent=50', '--concurrent-marking-max-worker-num=1', 'threads go last']
  const busy = ['--heap-growing-percent=0', '--concurrent-marking-max-worker-num=7', 'threads go with the others']
  expect(since()).toEqual(calm)
  for (let look = 0; look < 20; look++) tuning.look(MIB)
  expect(since()).toEqual([])
  tuning.look(2 * MIB)
  expect(since()).toEqual(busy)
  for (let round = 0; round < 5; round++) {
    for (let look = 0; look < 7; look++) tuning.look(0)
    tuning.look(16 * MIB)
  }
  expect(since()).toEqual([])
  for (let look = 0; look < 8; look++) tuning.look(0)
  expect(since()).toEqual(calm)
  tuning.look(0)
  expect(since()).toEqual([])
})

test('this engine has these flags, and by itself what it is given when there is much to do', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  expect(options).toContain('default: --heap-growing-percent=0\n')
  expect(options).toContain('default: --concurrent-marking-max-worker-num=7\n')
})
