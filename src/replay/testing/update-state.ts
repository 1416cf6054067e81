/** What a runner does about recordings: `new` writes those that are not there, `all` writes every one again, `none` writes none. */
export type UpdateState = 'new' | 'all' | 'none'

/**
 * The state of the runner's own snapshots, so that one switch serves both: `vitest -u` and `jest -u` are `all`, a run in CI and
 * `jest --ci` are `none`, another one `new`. Where no runner tells, it is `none` in CI and else `new`.
 */
export function runnerUpdateState(): UpdateState {
  const ofVitest = memberOf(memberOf(memberOf(Reflect.get(globalThis, '__vitest_worker__'), 'config'), 'snapshotOptions'), 'updateSnapshot')
  if (isUpdateState(ofVitest)) return ofVitest
  const ofJest = jestUpdateState()
  if (isUpdateState(ofJest)) return ofJest
  if (process.execArgv.includes('--test-update-snapshots')) return 'all'
  const { CI } = process.env
  return CI === undefined || CI === '' || CI === 'false' || CI === '0' ? 'new' : 'none'
}

/** Jest tells its matchers, and so whoever asks its `expect`. */
function jestUpdateState(): unknown {
  try {
    const getState = memberOf(Reflect.get(globalThis, 'expect'), 'getState')
    return typeof getState === 'function' ? memberOf(memberOf(getState(), 'snapshotState'), '_updateSnapshot') : undefined
  } catch {
    return undefined
  }
}

function isUpdateState(value: unknown): value is UpdateState {
  return value === 'new' || value === 'all' || value === 'none'
}

function memberOf(value: unknown, key: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? Reflect.get(value, key) : undefined
}
