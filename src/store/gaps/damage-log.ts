import { readFileSync } from 'node:fs'
import { parseJson } from '../../schemas/index.ts'
import { replaceFile } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import type { PreparedRecord } from '../types.ts'
import { gapRecord } from './outage.ts'

export interface DamagedGroup {
  readonly group: number
  readonly records: number
}

/**
 * Says on the tape, once for each, which groups of it can no longer be read and how many records that was. The list of those
 * that were told stands in a file; where it is lost they are told again.
 */
export class DamageLog {
  readonly #path: string
  readonly #namespace: string
  readonly #append: (record: PreparedRecord) => Promise<unknown>
  readonly #told: Set<number>
  #telling: Promise<void> = Promise.resolve()

  constructor(layout: Layout, namespace: string, append: (record: PreparedRecord) => Promise<unknown>) {
    this.#path = layout.damage
    this.#namespace = namespace
    this.#append = append
    this.#told = readTold(layout.damage)
  }

  tell(groups: readonly DamagedGroup[]): void {
    for (const { group, records } of groups) {
      if (this.#told.has(group)) continue
      this.#told.add(group)
      this.#telling = this.#telling.then(() => this.#tell(group, records))
    }
  }

  async #tell(group: number, records: number): Promise<void> {
    try {
      await this.#append(gapRecord(this.#namespace, `damaged-group:${group}`, Math.max(1, records)))
      replaceFile(this.#path, `${JSON.stringify({ groups: [...this.#told].sort((left, right) => left - right) })}\n`)
    } catch {
      // Told when the store is next opened.
    }
  }

  /** Resolves when what was to be told has been. */
  async close(): Promise<void> {
    await this.#telling
  }
}

function readTold(path: string): Set<number> {
  try {
    const value: unknown = parseJson(readFileSync(path, 'utf8'))
    const groups = typeof value === 'object' && value !== null && 'groups' in value && Array.isArray(value.groups) ? value.groups : []
    return new Set(groups.filter((group): group is number => Number.isSafeInteger(group)))
  } catch {
    return new Set()
  }
}
