import type * as Fs from 'node:fs'

interface Failing {
  /** Number of the first call of `closeSync` that fails, and how many. */
  at: number
  times: number
  count: number
  armed: boolean
}

export const failing: Failing = { at: 0, times: 1, count: 0, armed: false }

/** `node:fs` whose `closeSync` fails as it does on Linux: the descriptor is gone all the same. */
export function failingClose(fs: typeof Fs): typeof Fs {
  const closeSync: typeof Fs.closeSync = (fd) => {
    fs.closeSync(fd)
    if (!failing.armed) return
    const number = failing.count++
    if (number >= failing.at && number < failing.at + failing.times)
      throw Object.assign(new Error(`EIO: injected, close ${number}`), { code: 'EIO' })
  }
  return { ...fs, closeSync }
}

/** Lets calls fail as told while something is closed. */
export async function closing(close: () => Promise<void>): Promise<{ readonly error: unknown }> {
  failing.count = 0
  failing.armed = true
  try {
    await close()
    return { error: undefined }
  } catch (error) {
    return { error }
  } finally {
    failing.armed = false
  }
}
