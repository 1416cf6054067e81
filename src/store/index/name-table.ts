import type { IndexDatabase } from './database.ts'

const CACHE_MAX = 20_000

/** Texts that repeat, each stored once. */
export class NameTable {
  readonly #database: IndexDatabase
  readonly #ids = new Map<string, number>()
  readonly #texts = new Map<number, string>()

  constructor(database: IndexDatabase) {
    this.#database = database
  }

  idOf(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    let row = this.#database.get('SELECT id FROM names WHERE text = ?', text)
    row ??= this.#database.get('INSERT INTO names(text) VALUES(?) RETURNING id', text)
    const id = Number(row?.['id'])
    this.#keep(text, id)
    return id
  }

  textOf(id: number): string {
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const text = String(this.#database.get('SELECT text FROM names WHERE id = ?', id)?.['text'] ?? '')
    this.#keep(text, id)
    return text
  }

  #keep(text: string, id: number): void {
    if (this.#ids.size >= CACHE_MAX) {
      this.#ids.clear()
      this.#texts.clear()
    }
    this.#ids.set(text, id)
    this.#texts.set(id, text)
  }
}
