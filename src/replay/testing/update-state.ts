/** What a runner does about recordings: `new` writes those that are not there, `all` writes every one again, `none` writes none. */
export type UpdateState = 'new' | 'all' | 'none'

/**
 * The state of vitest's own snapshots, so that one switch serves both: `vitest -u` is `all`, a run in CI `none`, another one `new`.
 * Where vitest does not tell, it is `none` in CI and else `new`.
 */
export function vitestUpdateState(): UpdateState {
  const state = memberOf(memberOf(memberOf(Reflect.get(globalThis, '__vitest_worker__'), 'config'), 'snapshotOptions'), 'updateSnapshot')
  if (state === 'new' || state === 'all' || state === 'none') return state
  const { CI } = process.env
  return CI === undefined || CI === '' || CI === 'false' || CI === '0' ? 'new' : 'none'
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
