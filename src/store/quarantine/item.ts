import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { parseJson, RepriseError } from '../../schemas/index.ts'
import { openSealed, sealBytes } from './seal.ts'

/** What is told of a withheld content without opening it: nothing that could not stand in a record. */
export interface QuarantineHeader {
  readonly schema: 'reprise.quarantine-item/1'
  /** 32 hex digits. */
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  readonly reason: string
  readonly severity: 'error' | 'warning'
  readonly namespace: string
  /** Absent for what stands over several steps: a resource, a scope. */
  readonly runId?: string
  readonly spanId?: string
  /** Where in the record: `input`, `/attributes/…`. */
  readonly role: string
  readonly mediaType: string
  readonly sizeBytes: number
  readonly policy: { readonly id: string; readonly version: string; readonly digest: string }
  /** First 16 hex digits of the SHA-256 of the public key that it was sealed for. */
  readonly key: string
}

/** An item as it stands on the disk: header, line feed, sealed content. */
export interface SealedItem {
  readonly id: string
  readonly bytes: Uint8Array
}

export type QuarantineDraft = Omit<QuarantineHeader, 'schema' | 'id' | 'at' | 'key' | 'sizeBytes' | 'severity'>

/** Larger ones are told by their reason alone. */
export const ITEM_MAX_BYTES: number = 8 * 1024 * 1024
const HEADER_MAX_BYTES = 64 * 1024

export const keyNameOf = (publicKeyText: string): string => createHash('sha256').update(publicKeyText).digest('hex').slice(0, 16)

export function sealItem(publicKey: KeyObject, keyName: string, draft: QuarantineDraft, content: Uint8Array): SealedItem {
  const id = randomBytes(16).toString('hex')
  const header: QuarantineHeader = {
    schema: 'reprise.quarantine-item/1',
    id,
    at: new Date().toISOString(),
    // Content that is missing from a record; what a policy leaves out by intention never comes here.
    severity: 'error',
    sizeBytes: content.byteLength,
    key: keyName,
    ...draft,
  }
  const line = Buffer.from(`${JSON.stringify(header)}\n`)
  return { id, bytes: Buffer.concat([line, sealBytes(publicKey, line, content)]) }
}

/** Throws RepriseError `integrity`. */
export function readHeader(bytes: Uint8Array): {
  readonly header: QuarantineHeader
  readonly line: Uint8Array
  readonly sealed: Uint8Array
} {
  const end = bytes.subarray(0, HEADER_MAX_BYTES).indexOf(0x0a) + 1
  const line = bytes.subarray(0, end)
  try {
    const header = parseJson(Buffer.from(line).toString('utf8')) as QuarantineHeader
    if (header.schema !== 'reprise.quarantine-item/1' || !/^[0-9a-f]{32}$/.test(header.id)) throw new TypeError('no such item')
    return { header, line, sealed: bytes.subarray(end) }
  } catch (cause) {
    throw new RepriseError('integrity', 'a file of the quarantine is none of its items', { cause })
  }
}

export function openItem(privateKey: KeyObject, bytes: Uint8Array): { readonly header: QuarantineHeader; readonly content: Buffer } {
  const { header, line, sealed } = readHeader(bytes)
  return { header, content: openSealed(privateKey, line, sealed) }
}
