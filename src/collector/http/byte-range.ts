/** Which bytes of a body are wanted: from the first to the last, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * Reads a `Range` header (RFC 9110 section 14.2). Undefined where the whole body is to be sent: no header, another unit,
 * something malformed, more than one range, which a server may ignore, or a body of nothing. `unsatisfiable` where no such byte exists.
 */
export function byteRangeOf(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=\s*([0-9]*)-([0-9]*)\s*$/i.exec(header ?? '') ?? []
  if ((from === '' && to === '') || sizeBytes === 0) return undefined
  if (from === '') {
    const length = Number(to)
    return length === 0 ? 'unsatisfiable' : { first: Math.max(0, sizeBytes - length), last: sizeBytes - 1 }
  }
  const first = Number(from)
  if (to !== '' && Number(to) < first) return undefined
  if (first >= sizeBytes) return 'unsatisfiable'
  return { first, last: to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) }
}
