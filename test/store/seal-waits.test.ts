import { afterEach, expect, test, vi } from 'vitest'
import { CpuShare } from '../../src/store/seal/cpu-share.ts'
import { Sealer, type SealerOptions } from '../../src/store/seal/sealer.ts'
import { NO_HEAD } from '../../src/store/tape/tape.ts'

// Sealing takes its turn after those who send: by the clock of a test, over a tape that says how many files are closed.

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function sealerWith(closedFiles: number): { sealer: Sealer; commit: () => void; started: () => number } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(CpuShare.prototype, 'read').mockReturnValue(0)
  const tape: Pick<SealerOptions['tape'], 'segments' | 'segmentFile' | 'head' | 'entryOf'> = {
    segments: () => Array.from({ length: closedFiles + 1 }, (_, index) => index * 10 + 1),
    segmentFile: (number) => `segment-${number}`,
    head: () => NO_HEAD,
    entryOf: () => undefined,
  }
  const packs: Pick<SealerOptions['packs'], 'packs'> = { packs: () => [] }
  const sealer = new Sealer({ tape, packs } as SealerOptions)
  const start = vi.spyOn(sealer, 'start').mockReturnValue()
  return { sealer, commit: () => sealer.afterCommit(), started: () => start.mock.calls.length }
}

test('sealing waits while commits come often, and begins when they do not', () => {
  const { commit, started } = sealerWith(3)
  commit()
  for (let look = 0; look < 20; look++) {
    for (let index = 0; index < 5; index++) commit()
    vi.advanceTimersByTime(500)
    expect(started()).toBe(0)
  }
  for (let index = 0; index < 4; index++) commit()
  vi.advanceTimersByTime(500)
  expect(started()).toBe(1)
})

test('sealing does not wait once many files are closed, nor for ever', () => {
  const many = sealerWith(17)
  for (let index = 0; index < 9; index++) many.commit()
  vi.advanceTimersByTime(500)
  expect(many.started()).toBe(1)
  const long = sealerWith(3)
  long.commit()
  for (let look = 0; look < 1200; look++) {
    for (let index = 0; index < 5; index++) long.commit()
    vi.advanceTimersByTime(500)
  }
  expect(long.started()).toBe(1)
})
