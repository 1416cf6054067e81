import { Buffer } from 'node:buffer'

export type Unscanned = Readonly<Record<string, number>>

const BASE64_MARK = ';base64,'
const TYPE_MARK = '_type":"image/'
/** Where none of these stands in a text, `unscannedInText` finds nothing. */
export const UNSCANNED_MARKS: readonly string[] = [BASE64_MARK, TYPE_MARK]
const DATA_URL_END = /data:(image|audio|video|font)\/[A-Za-z0-9.+-]{1,64}(?:;[A-Za-z0-9=._-]{1,64}){0,4}$/i
const LOOK_BACK = 200
/** Shorter texts hold no image. */
const SHORTEST = 64

/** Of bytes that are no text, by the first part of their media type. */
export function unscannedBytes(mediaType: string): Unscanned {
  const group = /^(image|audio|video|font)\//i.exec(mediaType.trimStart())?.[1]?.toLowerCase()
  return { [group ?? 'bytes']: 1 }
}

/** Images and the like inside of a text, as data URLs or beside their media type as vendors of models take them. */
export function unscannedInText(data: string | Uint8Array): Unscanned | undefined {
  if (data.length < SHORTEST) return undefined
  const bytes =
    typeof data === 'string' ? undefined : data instanceof Buffer ? data : Buffer.from(data.buffer, data.byteOffset, data.length)
  const next = (mark: string, from: number): number =>
    bytes === undefined ? (data as string).indexOf(mark, from) : bytes.indexOf(mark, from)
  const slice = (start: number, end: number): string =>
    bytes === undefined ? (data as string).slice(start, end) : bytes.toString('latin1', start, end)
  let counts: Record<string, number> | undefined
  for (let at = next(BASE64_MARK, 0); at >= 0; at = next(BASE64_MARK, at + BASE64_MARK.length)) {
    const kind = DATA_URL_END.exec(slice(Math.max(0, at - LOOK_BACK), at))?.[1]?.toLowerCase()
    if (kind !== undefined) counts = addTo(counts, kind)
  }
  for (let at = next(TYPE_MARK, 0); at >= 0; at = next(TYPE_MARK, at + TYPE_MARK.length)) counts = addTo(counts, 'image')
  return counts
}

function addTo(counts: Record<string, number> | undefined, kind: string): Record<string, number> {
  const sum = counts ?? {}
  sum[kind] = (sum[kind] ?? 0) + 1
  return sum
}
