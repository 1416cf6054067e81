/** What a list of open steps keeps in each of them. */
export interface Linked<T> {
  older: T | undefined
  newer: T | undefined
  listed: boolean
}

/** The steps that have started and not ended, oldest first. Linked through the steps: a set would hash, and grow, at every call. */
export class OpenSteps<T extends Linked<T>> implements Iterable<T> {
  #oldest: T | undefined
  #newest: T | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  add(step: T): void {
    if (step.listed) return
    step.listed = true
    step.older = this.#newest
    if (this.#newest === undefined) this.#oldest = step
    else this.#newest.newer = step
    this.#newest = step
    this.#size++
  }

  /** Takes out a step of this list; nothing happens to one that is in none. */
  delete(step: T): void {
    if (!step.listed) return
    const { older, newer } = step
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    step.listed = false
    step.older = undefined
    step.newer = undefined
    this.#size--
  }

  /** The step that was given may be taken out before the next is asked for. */
  *[Symbol.iterator](): Generator<T, undefined> {
    for (let step = this.#oldest; step !== undefined; ) {
      const { newer } = step
      yield step
      step = newer
    }
  }
}
