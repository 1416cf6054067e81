/** How the thread that keeps the index divides its time: see `FollowingOptions`. In milliseconds. */
export const THREAD_TIMES = {
  sliceMillis: 200,
  // What comes close together is gathered before the thread is told.
  quietMillis: 0,
  gatherMillis: 50,
  gatherMaxMillis: 250,
  restMillis: 5_000,
} as const

/** What it has to do at a time, it does in pieces so long, with such rests between. In milliseconds. */
export const THREAD_PACE = { workMillis: 1, restMillis: 4 } as const
