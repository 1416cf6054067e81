const OWN_FRAME = /[\\/](?:src|dist)[\\/](?:replay|sdk)[\\/](?:[\w-]+[\\/])?[\w-]+\.[jt]s/

/** The innermost frame of the program's own code: not Node's, not a dependency's, not ours. */
export function userFrame(stack: string | undefined): string | undefined {
  const frames = (stack ?? '').split('\n').slice(1)
  return frames
    .map((frame) => frame.trim().replace(/^at /, ''))
    .find((frame) => !/node:|[\\/]node_modules[\\/]|<anonymous>|^native/.test(frame) && !OWN_FRAME.test(frame))
}
