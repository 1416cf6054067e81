const OWN_FRAME = /[\\/](?:src|dist)[\\/](?:replay|sdk)[\\/](?:[\w-]+[\\/])?[\w-]+\.[jt]s/

/** Of a stack, as many frames are told. */
const FRAMES_MAX = 16

/** The way to a call, innermost first: the frames of the program and of what it depends on, without Node's and ours. */
export function programFrames(stack: string | undefined): string[] {
  return framesOf(stack)
    .filter((frame) => !isEngine(frame) && !OWN_FRAME.test(frame))
    .slice(0, FRAMES_MAX)
}

/** The innermost frame of the program's own code: not Node's, not a dependency's, not ours. */
export function userFrame(stack: string | undefined): string | undefined {
  return framesOf(stack).find((frame) => !isEngine(frame) && !/[\\/]node_modules[\\/]/.test(frame) && !OWN_FRAME.test(frame))
}

function framesOf(stack: string | undefined): string[] {
  const [, ...frames] = (stack ?? '').split('\n')
  return frames.map((frame) => frame.trim().replace(/^at /, ''))
}

function isEngine(frame: string): boolean {
  return /node:|<anonymous>|^native/.test(frame)
}
