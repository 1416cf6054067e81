import type { ByteSet } from './anchors.ts'

/** By how common they are in text and JSON: classes of bytes are numbered in this order, so that what a text steps through lies close together. */
const COMMON_BYTES = ' etaonisrhldcumpfgywbvk"\\,.:/-_{}[]0123456789jxqzETAOINSRHLDCUMPFGYWBVKJXQZ'

const CELLS_OF_A_LINE = 16
/** Cells from one row to the next: whole lines of a processor's cache, an odd number of them, so that the beginnings of rows spread over all of it. */
export const strideFor = (classes: number): number => (Math.ceil(classes / CELLS_OF_A_LINE) | 1) * CELLS_OF_A_LINE

/** Bytes that no set tells apart share a class; the table then has one column for each class, not 256. */
export function byteClasses(sets: readonly ByteSet[]): { classOf: Uint8Array; representatives: number[] } {
  const classOf = new Uint8Array(256)
  for (const set of sets) {
    const refined = new Map<number, number>()
    for (let byte = 0; byte < 256; byte++) {
      const key = (classOf[byte] ?? 0) * 2 + (set[byte] === '1' ? 1 : 0)
      if (!refined.has(key)) refined.set(key, refined.size)
      classOf[byte] = refined.get(key) ?? 0
    }
  }
  const inOrder = new Map<number, number>()
  const representatives: number[] = []
  for (const byte of [...Buffer.from(COMMON_BYTES), ...classOf.keys()]) {
    const byteClass = classOf[byte] ?? 0
    if (inOrder.has(byteClass)) continue
    inOrder.set(byteClass, representatives.length)
    representatives.push(byte)
  }
  return { classOf: classOf.map((byteClass) => inOrder.get(byteClass) ?? 0), representatives }
}
