import { randomBytes } from 'node:crypto'
import { createRedactor, policyRefOf, type Redactor } from '../redaction/index.ts'
import { type Digest, digestOf, encodeValue, MEDIA_TYPE, type PolicyRef, RepriseError, sha256Hex } from '../schemas/index.ts'
import { comparableText } from './lineage.ts'

/** What a live value is for the purpose of comparing it with a recorded one. */
export interface Comparable {
  /** Hex sha256 of `text()`. */
  readonly digest: string
  /** Of the encoded value before redaction: equal to a recorded payload's digest where redaction had nothing to do. */
  readonly bytesDigest: Digest
  /** The redacted value as canonical JSON text, with its tokens numbered. */
  text(): string
}

/**
 * Brings live values to the form in which recorded ones are compared: encoded, redacted under the recording's policy,
 * decoded, canonical, tokens numbered in order of appearance. The key is random and thrown away: numbering makes it immaterial.
 */
export class Comparison {
  readonly #redactor: Redactor
  readonly #known = new Map<string, string>()

  /** Throws RepriseError `recording_version` when this release does not have the recording's policy. */
  constructor(policy: PolicyRef) {
    this.#redactor = createRedactor({ policyId: knownPolicy(policy), key: randomBytes(32) })
  }

  /**
   * Tells of a recorded payload and its digest in the compared form. A live value whose encoded bytes are those very bytes
   * needs no redaction to be compared, since redacting what was redacted changes nothing.
   */
  remember(digest: Digest, mediaType: string, comparedDigest: string): void {
    this.#known.set(`${digest}:${mediaType}`, comparedDigest)
  }

  /**
   * @param value a snapshot as the recorder takes it
   * @param recordedAs the media type of the recorded payload, for values that are recorded as the bytes or text they are
   * @throws when the redactor fails: such a value was withheld when recorded, so it has no equal
   */
  compare(value: unknown, recordedAs?: string): Comparable {
    const asIs = recordedAs !== undefined && recordedAs !== MEDIA_TYPE.json && recordedAs !== MEDIA_TYPE.msgpack
    const raw = asIs && (typeof value === 'string' || value instanceof Uint8Array)
    const { mediaType, data } = raw ? { mediaType: recordedAs, data: value } : encodeValue(value)
    const bytesDigest = digestOf(data)
    const known = this.#known.get(`${bytesDigest}:${mediaType}`)
    if (known !== undefined) return { digest: known, bytesDigest, text: () => comparableText(mediaType, data) }
    const text = this.#comparable(mediaType, data)
    return { digest: sha256Hex(text), bytesDigest, text: () => text }
  }

  #comparable(mediaType: string, data: string | Uint8Array): string {
    const redacted = this.#redactor.redactPayload(mediaType, data)
    return comparableText(mediaType, redacted.value)
  }
}

function unknownPolicy({ id, version, digest }: PolicyRef, known: string): RepriseError {
  const message = `the recording was redacted under policy ${id}/${version} (${digest})${known}`
  return new RepriseError('recording_version', `${message}: replay it with the release that recorded it, or record it again`)
}

function knownPolicy(policy: PolicyRef): 'default' {
  if (policy.id === 'default') {
    const ours = policyRefOf('default')
    if (ours.version === policy.version && ours.digest === policy.digest) return 'default'
    throw unknownPolicy(policy, `; this release has ${ours.id}/${ours.version} (${ours.digest})`)
  }
  throw unknownPolicy(policy, ', which this release does not have')
}
