import type { StoreProblem } from '../types.ts'

const PROBLEMS_MAX = 1000

/** What was found wrong: the first ones in full, all of them counted. */
export class Problems {
  readonly list: StoreProblem[] = []
  count = 0

  add(problem: StoreProblem): void {
    this.count++
    if (this.list.length < PROBLEMS_MAX) this.list.push(problem)
  }
}
