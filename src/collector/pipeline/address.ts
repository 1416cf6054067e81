import type { Digest } from '../../schemas/index.ts'
import { addressPayload, type BatchPacker } from '../../store/index.ts'
import { inOnePiece, jsonOfText } from './canonical-text.ts'
import type { Committer } from './commitment.ts'
import type { CleanContent } from './redact.ts'

/** Content that has its digest, or that is withheld; what a record says of it can now be written. */
export interface AddressedContent {
  readonly form: ContentForm
  readonly sizeBytes: number
  readonly digest: Digest | undefined
  readonly withheldJson: string | undefined
}

/** What records say of all contents of one media type in one place, as canonical JSON. */
interface ContentForm {
  readonly mediaType: string
  /** Of the payload entry, what stands between the commitment (or the beginning) and the number of bytes. */
  readonly behindCommitment: string
  readonly atBeginning: string
  /** Of the reference, what stands between digest and salt. */
  readonly behindDigest: string
}

const KNOWN_MAX = 256
const KNOWN_MAX_LENGTH = 128
const known = new Map<string, ContentForm>()

/** By role; a few of them come again and again, mostly with the same media type. */
function formOf(mediaType: string, role: string): ContentForm {
  const seen = known.get(role)
  if (seen?.mediaType === mediaType) return seen
  const roleJson = jsonOfText(role)
  const members = inOnePiece(`"mediaType":${jsonOfText(mediaType)},"role":${roleJson},"sizeBytes":`)
  const form = {
    mediaType,
    behindCommitment: inOnePiece(`",${members}`),
    atBeginning: inOnePiece(`{${members}`),
    behindDigest: inOnePiece(`","role":${roleJson},"salt":"`),
  }
  if (role.length > KNOWN_MAX_LENGTH || mediaType.length > KNOWN_MAX_LENGTH) return form
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(role, form)
  return form
}

/** Gives clean content its address and puts what has to be stored for it into the batch. */
export function addressContent(content: CleanContent, packer: BatchPacker): AddressedContent {
  const form = formOf(content.mediaType, content.role)
  if ('withheld' in content) return { form, sizeBytes: 0, digest: undefined, withheldJson: jsonOfText(content.withheld) }
  const addressed = addressPayload(content.data, content.mediaType)
  for (const blob of addressed.blobs) packer.addBlob(blob)
  return { form, sizeBytes: addressed.sizeBytes, digest: addressed.digest, withheldJson: undefined }
}

/** The payload entries of one record and the references beside its core, as members of two JSON arrays. */
export interface PayloadText {
  payloads: string
  refs: string
  /** What the references refer to. */
  readonly digests: Digest[]
}

/**
 * Each record has salts of its own: the commitment in the hashed core proves a payload, and without the salt, which goes
 * when the payload is erased, tells nothing of it.
 */
export function addPayloadText(text: PayloadText, content: AddressedContent, committer: Committer): void {
  const { form, sizeBytes, digest, withheldJson } = content
  if (text.payloads !== '') text.payloads += ','
  if (digest === undefined) {
    text.payloads += `${form.atBeginning}${sizeBytes},"withheld":${withheldJson ?? '""'}}`
    return
  }
  text.digests.push(digest)
  const { commitment, salt } = committer.commit(digest)
  text.payloads += `{"commitment":"${commitment}${form.behindCommitment}${sizeBytes}}`
  if (text.refs !== '') text.refs += ','
  text.refs += `{"digest":"${digest}${form.behindDigest}${salt}"}`
}
