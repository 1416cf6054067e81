import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf, RepriseError } from '../../schemas/index.ts'
import { makeFolder, replaceFile, systemCodeOf } from './durable.ts'
import type { Layout } from './layout.ts'

/** `<64 hex>.json`: what the digest in a record's policy is of. Holds no secret: a policy says what to look for, not what was found. */
const fileOf = (layout: Layout, digest: Digest): string => join(layout.policies, `${digest.slice('sha256:'.length)}.json`)

/** Keeps what a policy's digest covers beside the records that will name it. Durable when it returns. */
export function keepPolicyFile(layout: Layout, text: string): void {
  const digest = digestOf(text)
  if (readPolicyFile(layout, digest) !== undefined) return
  makeFolder(layout.policies)
  replaceFile(fileOf(layout, digest), text)
}

/** Undefined where there is none, as for what every release has. Throws `integrity` where the file is not what its name says. */
export function readPolicyFile(layout: Layout, digest: Digest): Uint8Array | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(fileOf(layout, digest))
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
  if (digestOf(bytes) !== digest) throw new RepriseError('integrity', `${fileOf(layout, digest)} was changed`)
  return bytes
}
