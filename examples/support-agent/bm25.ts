/** Lower-cased words of two letters or more. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9_]{2,}/g) ?? []
}

export type Hit<T> = { readonly document: T; readonly score: number }

/**
 * Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) with the usual
 * k1 = 1.2 and b = 0.75. Ties keep the order of the documents.
 */
export class Bm25<T> {
  readonly #documents: { document: T; counts: Map<string, number>; length: number }[]
  readonly #documentsWith = new Map<string, number>()
  readonly #meanLength: number

  constructor(documents: readonly T[], textOf: (document: T) => string) {
    this.#documents = documents.map((document) => {
      const words = wordsOf(textOf(document))
      const counts = new Map<string, number>()
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
      for (const word of counts.keys()) this.#documentsWith.set(word, (this.#documentsWith.get(word) ?? 0) + 1)
      return { document, counts, length: words.length }
    })
    this.#meanLength = this.#documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, this.#documents.length)
  }

  search(query: string, limit: number): Hit<T>[] {
    const words = new Set(wordsOf(query))
    return this.#documents
      .map(({ document, counts, length }) => {
        let score = 0
        for (const word of words) {
          const count = counts.get(word)
          if (count === undefined) continue
          const having = this.#documentsWith.get(word) ?? 0
          const rarity = Math.log(1 + (this.#documents.length - having + 0.5) / (having + 0.5))
          score += (rarity * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / this.#meanLength))
        }
        return { document, score }
      })
      .filter(({ score }) => score > 0)
      .sort((left, right) => right.score - left.score)
      .slice(0, limit)
  }
}
