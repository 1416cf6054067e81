import { constants, zstdCompressSync } from 'node:zlib'
import { giveBack } from '../frames/file-window.ts'
import { decodeFrame } from '../frames/raw-zstd.ts'

/** Measured on agent chats: 3 leaves about 10 % more, 9 costs half as much again and saves 2 %. */
const LEVEL = 6

/** One zstd frame around the content, read back before it may replace anything. */
export function compressBlock(content: Buffer): Buffer {
  const frame = zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_contentSizeFlag]: 1 } })
  const again = decodeFrame(frame, content.length)
  if (again?.equals(content) !== true) throw new Error('a compressed block does not read back')
  giveBack(again)
  return frame
}
