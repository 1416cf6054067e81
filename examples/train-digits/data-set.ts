import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'

/** The committed file; see data/README.md for where it comes from. */
export const DATA_SHA256 = '09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22'
export const PIXELS = 64
export const CLASSES = 10

export type Example = { readonly pixels: Float64Array; readonly digit: number }

/** Reads the images, pixels scaled to 0..1. Throws when the file is not the one we know. */
export async function readDigits(file: URL): Promise<Example[]> {
  const packed = await readFile(file)
  const found = createHash('sha256').update(packed).digest('hex')
  if (found !== DATA_SHA256) throw new Error(`digits.csv.gz: expected sha256 ${DATA_SHA256}, found ${found}`)
  return gunzipSync(packed)
    .toString('ascii')
    .trim()
    .split('\n')
    .map((line) => {
      const numbers = line.split(',').map(Number)
      return { pixels: Float64Array.from(numbers.slice(0, PIXELS), (pixel) => pixel / 16), digit: numbers[PIXELS] ?? 0 }
    })
}
