/**
 * A MessagePack reader as the specification reads, for checking the bytes we write: extension types are errors, maps become
 * Maps, nothing is bounded.
 */
export function readMsgpack(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const uint = (size: 1 | 2 | 4): number => {
    at += size
    return size === 1 ? view.getUint8(at - 1) : size === 2 ? view.getUint16(at - 2) : view.getUint32(at - 4)
  }
  const take = (length: number): Uint8Array => bytes.slice(at, (at += length))
  const text = (length: number): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(length))
  const array = (length: number): unknown[] => Array.from({ length }, () => read())
  const map = (length: number): Map<unknown, unknown> => new Map(Array.from({ length }, () => [read(), read()] as const))
  const read = (): unknown => {
    const first = uint(1)
    if (first < 0x80) return first
    if (first < 0x90) return map(first & 0x0f)
    if (first < 0xa0) return array(first & 0x0f)
    if (first < 0xc0) return text(first & 0x1f)
    if (first >= 0xe0) return first - 0x100
    switch (first) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return take(uint(1))
      case 0xc5:
        return take(uint(2))
      case 0xc6:
        return take(uint(4))
      case 0xcb:
        at += 8
        return view.getFloat64(at - 8)
      case 0xcc:
        return uint(1)
      case 0xcd:
        return uint(2)
      case 0xce:
        return uint(4)
      case 0xd0:
        return (uint(1) << 24) >> 24
      case 0xd1:
        return (uint(2) << 16) >> 16
      case 0xd2:
        return uint(4) | 0
      case 0xd9:
        return text(uint(1))
      case 0xda:
        return text(uint(2))
      case 0xdb:
        return text(uint(4))
      case 0xdc:
        return array(uint(2))
      case 0xdd:
        return array(uint(4))
      case 0xde:
        return map(uint(2))
      case 0xdf:
        return map(uint(4))
      default:
        throw new Error(`unexpected first byte ${first.toString(16)}`)
    }
  }
  const value = read()
  if (at !== bytes.length) throw new Error('bytes left')
  return value
}
