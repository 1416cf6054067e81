import { closeSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { ReplacingFile } from '../files/replacing-file.ts'
import { FileWindow, giveBack, ReadMemory, readExactly } from '../frames/file-window.ts'
import { type ScannedFrame, scanFrames } from '../frames/scan.ts'
import { compressBlock, giveBackFrame } from './compress.ts'
import type { SealOutcome } from './seal-segment.ts'
import { isSealedPack, SEALED_BLOCK_BYTES, type SealedBlock, sealedPackHeader, sealedPackTable } from './sealed-pack.ts'

/**
 * Compresses a pack that nothing is added to any more. Every place in it stays what it is, so its side file does too. `breathe` is
 * called again and again while it works.
 */
export function sealPack(path: string, breathe?: () => void): SealOutcome {
  const fd = openSync(path, 'r')
  const memory = new ReadMemory()
  let file: ReplacingFile | undefined
  try {
    if (isSealedPack(fd)) return { type: 'already' }
    const window = new FileWindow(fd)
    const fileBytes = window.sizeBytes()
    file = new ReplacingFile(path)
    const writer = new BlockWriter(file, breathe)
    let from = 0
    let to = 0
    for (const found of scanFrames(window, 0, fileBytes)) {
      if (found.type !== 'frame' || !isWhole(fd, found, memory)) return { type: 'damaged', groups: [] }
      to = found.end
      if (to - from < SEALED_BLOCK_BYTES && to < fileBytes) continue
      writer.add(read(fd, from, to - from))
      from = to
    }
    if (to !== fileBytes || fileBytes === 0) return { type: 'damaged', groups: [] }
    writer.finish()
    file.commit()
    return { type: 'sealed', fromBytes: fileBytes, toBytes: file.bytes }
  } finally {
    file?.abandon()
    memory.giveBack()
    closeSync(fd)
  }
}

/** Writes the bytes of a pack as sealed blocks, one after the other, and their table. */
export class BlockWriter {
  readonly #file: ReplacingFile
  readonly #blocks: SealedBlock[] = []
  #position = 0
  readonly #breathe: () => void

  constructor(file: ReplacingFile, breathe: () => void = () => undefined) {
    this.#file = file
    this.#breathe = breathe
  }

  add(content: Buffer): void {
    const frame = compressBlock(content)
    const header = sealedPackHeader(this.#position, content.length, frame)
    this.#file.write(header)
    const frameOffset = this.#file.bytes
    this.#file.write(frame)
    this.#blocks.push({ frameOffset, frameBytes: frame.length, frameCrc: crc32(frame), position: this.#position, length: content.length })
    this.#position += content.length
    giveBack(content)
    giveBackFrame(frame)
    this.#breathe()
  }

  finish(): void {
    this.#file.write(sealedPackTable(this.#blocks))
  }
}

function isWhole(fd: number, { header, frameOffset, end }: ScannedFrame, memory: ReadMemory): boolean {
  return crc32(read(fd, frameOffset, end - frameOffset, memory.take(end - frameOffset))) === header.frameCrc
}

function read(fd: number, position: number, length: number, target?: Buffer): Buffer {
  const bytes = readExactly(fd, position, length, target)
  if (bytes === undefined) throw new Error(`the pack ended at ${position} while it was read`)
  return bytes
}
