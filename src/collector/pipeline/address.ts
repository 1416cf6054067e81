import type { Digest } from '../../schemas/index.ts'
import { addressPayload, type BatchPacker } from '../../store/index.ts'
import { jsonOfText } from './canonical-text.ts'
import type { Committer } from './commitment.ts'
import type { CleanContent } from './redact.ts'

/** Content that has its digest, or that is withheld; what a record says of it can now be written. */
export interface AddressedContent {
  /** Canonical JSON of what the payload entry says in any record: all but the commitment. */
  readonly mediaTypeJson: string
  readonly roleJson: string
  readonly sizeBytes: number
  readonly digest: Digest | undefined
  readonly withheldJson: string | undefined
}

const KNOWN_MAX = 256
const KNOWN_MAX_LENGTH = 128
const known = new Map<string, string>()

/** `jsonOfText` for the few media types and roles that come again and again. */
function knownJson(text: string): string {
  let json = known.get(text)
  if (json === undefined) {
    json = jsonOfText(text)
    if (text.length > KNOWN_MAX_LENGTH) return json
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(text, json)
  }
  return json
}

/** Gives clean content its address and puts what has to be stored for it into the batch. */
export function addressContent(content: CleanContent, packer: BatchPacker): AddressedContent {
  const mediaTypeJson = knownJson(content.mediaType)
  const roleJson = knownJson(content.role)
  if ('withheld' in content) return { mediaTypeJson, roleJson, sizeBytes: 0, digest: undefined, withheldJson: jsonOfText(content.withheld) }
  const addressed = addressPayload(content.data, content.mediaType)
  for (const blob of addressed.blobs) packer.addBlob(blob)
  return { mediaTypeJson, roleJson, sizeBytes: addressed.sizeBytes, digest: addressed.digest, withheldJson: undefined }
}

/** The payload entries of one record and the references beside its core, as members of two JSON arrays. */
export interface PayloadText {
  payloads: string
  refs: string
}

/**
 * Each record has salts of its own: the commitment in the hashed core proves a payload, and without the salt, which goes
 * when the payload is erased, tells nothing of it.
 */
export function addPayloadText(text: PayloadText, content: AddressedContent, committer: Committer): void {
  const { mediaTypeJson, roleJson, sizeBytes, digest, withheldJson } = content
  if (text.payloads !== '') text.payloads += ','
  if (digest === undefined) {
    text.payloads += `{"mediaType":${mediaTypeJson},"role":${roleJson},"sizeBytes":${sizeBytes},"withheld":${withheldJson ?? '""'}}`
    return
  }
  const { commitment, salt } = committer.commit(digest)
  text.payloads += `{"commitment":"${commitment}","mediaType":${mediaTypeJson},"role":${roleJson},"sizeBytes":${sizeBytes}}`
  if (text.refs !== '') text.refs += ','
  text.refs += `{"digest":"${digest}","role":${roleJson},"salt":"${salt}"}`
}
