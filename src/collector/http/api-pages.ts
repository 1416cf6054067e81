import { setImmediate as nextTurn } from 'node:timers/promises'

/** A page is read in pieces: a record can have megabytes, a search can look far, and others want the event loop too. */
const PIECE = 50
const PAGE_MAX_BYTES = 8 * 1024 * 1024
/** Pieces of a search that found too little before the page is given as it is. */
const PIECES_MAX = 40

export interface Piece<T> {
  readonly items: readonly T[]
  readonly next?: string | undefined
}

/** Fewer than asked for when they are large, or hard to find; `next` then goes on from there. */
export async function readPage<T>(
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  read: (query: { limit: number; cursor?: string }) => Piece<T>,
): Promise<{ items: T[]; next?: string }> {
  const items: T[] = []
  let next = cursor
  let bytes = 0
  let pieces = 0
  do {
    const piece = read({ limit: Math.min(PIECE, limit - items.length), ...(next !== undefined && { cursor: next }) })
    items.push(...piece.items)
    next = piece.next
    for (const item of piece.items) bytes += JSON.stringify(item).length
    pieces++
    if (next !== undefined) await nextTurn()
  } while (next !== undefined && items.length < limit && bytes < PAGE_MAX_BYTES && pieces < PIECES_MAX)
  return { items, ...(next !== undefined && { next }) }
}
