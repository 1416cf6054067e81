import { expect, test } from 'vitest'
import { IndexDatabase } from '../../src/store/index/database.ts'
import { NameTable } from '../../src/store/index/name-table.ts'
import { RunCache } from '../../src/store/index/run-cache.ts'

test.each([
  ['runs', { runsMax: 2, namesMax: 100 }, ['b', 'c']],
  ['names of steps', { runsMax: 100, namesMax: 5 }, ['c']],
])('of %s no more are kept than a bound, those that were met last; the others are read again', (_, bounds, kept) => {
  const database = IndexDatabase.create(':memory:')
  const names = new NameTable(database)
  const cache = new RunCache(database, names, bounds)
  const find = (run: string) => cache.find('local', run.repeat(32), () => undefined)
  const runs = ['a', 'b', 'c']
  const states = runs.map((run) => {
    const state = find(run)
    for (let name = 0; name < 3; name++) cache.addStepName(state, names.idOf(`step ${name}`))
    state.changed = true
    return state
  })
  cache.save()
  cache.trim()
  expect(runs.filter((run, index) => find(run) === states[index])).toEqual(kept)
  for (const [index, run] of runs.entries()) expect(find(run)).toMatchObject({ id: states[index]?.id, stepNames: states[index]?.stepNames })
  database.close()
})
