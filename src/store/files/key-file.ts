import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { RepriseError } from '../../schemas/index.ts'
import { makeFolder, replaceFile, systemCodeOf } from './durable.ts'
import type { Layout } from './layout.ts'

const KEY_BYTES = 32

function readKey(layout: Layout): Uint8Array | undefined {
  try {
    const key = readFileSync(layout.redactionKey)
    if (key.length !== KEY_BYTES)
      throw new RepriseError('integrity', `${layout.redactionKey}: expected ${KEY_BYTES} bytes, found ${key.length}`)
    return Uint8Array.from(key)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Made when the store is: a key that came later would give one value two pseudonyms. */
export function ensureKey(layout: Layout): void {
  makeFolder(layout.keys)
  if (readKey(layout) === undefined) replaceFile(layout.redactionKey, randomBytes(KEY_BYTES))
}

/** Throws `integrity` when the key is not there. */
export function readRedactionKey(layout: Layout): Uint8Array {
  const key = readKey(layout)
  if (key === undefined) throw new RepriseError('integrity', `${layout.redactionKey} is missing`)
  return key
}
