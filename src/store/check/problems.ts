import type { StoreProblem } from '../types.ts'

const PROBLEMS_MAX = 1000

/** What was found wrong: the first ones in full, all of them counted. */
export class Problems {
  readonly list: StoreProblem[] = []
  count = 0
  readonly codes: Set<StoreProblem['code']> = new Set()

  add(problem: StoreProblem): void {
    this.count++
    this.codes.add(problem.code)
    if (this.list.length < PROBLEMS_MAX) this.list.push(problem)
  }
}
