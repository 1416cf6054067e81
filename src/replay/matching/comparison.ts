import { randomBytes } from 'node:crypto'
import { types } from 'node:util'
import type { Redactor } from '../../redaction/index.ts'
import { type Digest, digestOf, encodeValue, MEDIA_TYPE, sha256Hex } from '../../schemas/index.ts'
import type { CapturedArguments } from '../../sdk/index.ts'
import type { IgnoredFields } from '../recording/ignored-fields.ts'
import { comparableText } from '../recording/lineage.ts'
import { type RecordedPolicy, redactorOfRecorded } from '../recording/recorded-policy.ts'
import { isReleasePolicy } from '../recording/release-policies.ts'

/** What a live value is for the purpose of comparing it with a recorded one. */
export interface Comparable {
  /** Hex sha256 of `text()`. */
  readonly digest: string
  /** Of the encoded value before redaction: equal to a recorded payload's digest where redaction had nothing to do. */
  readonly bytesDigest: Digest
  /** The redacted value as canonical JSON text, with its tokens numbered. */
  text(): string
}

/** A payload as it was recorded, and its digest in the compared form. */
export interface RecordedPayload {
  readonly digest: Digest
  readonly mediaType: string
  readonly comparedDigest: string
}

/** Arguments of a recorded call. */
export interface ExpectedArguments extends Pick<Comparable, 'digest' | 'bytesDigest'> {
  /** The very bytes, of media type JSON. */
  readonly json: Uint8Array
}

/**
 * Brings live values to the form in which recorded ones are compared: encoded, redacted under the recording's policy,
 * decoded, canonical, tokens numbered in order of appearance. The key is random and thrown away: numbering makes it immaterial.
 */
export class Comparison {
  readonly #makeRedactor: () => Redactor
  #redactor: Redactor | undefined
  readonly #hasSurrogates: boolean
  /** By media type, the compared digests of recorded payloads by their own. */
  #known: ReadonlyMap<string, ReadonlyMap<Digest, string>> | undefined
  readonly #recorded: () => Iterable<RecordedPayload>

  /**
   * @param namespace in which the recording was made
   * @param recorded payloads and their digests in the compared form, asked for once, if at all. A live value whose encoded bytes are those
   *   very bytes needs no redaction to be compared, since redacting what was redacted changes nothing
   * @throws RepriseError `recording_version` when this release cannot do what the recording's policy says
   */
  constructor(policy: RecordedPolicy, namespace: string, recorded: () => Iterable<RecordedPayload> = () => []) {
    this.#recorded = recorded
    this.#makeRedactor = () => redactorOfRecorded(policy, randomBytes(32), namespace)
    // Compiling a policy takes a tenth of a second, once a process: no more than asked for, if it is sure that it can be done.
    if (policy.data !== undefined || !isReleasePolicy(policy.ref)) this.#redactor = this.#makeRedactor()
    this.#hasSurrogates = policy.hasSurrogates
  }

  /**
   * As `compare`, for the arguments of a call, which most of the time are those very bytes.
   *
   * @param expected the arguments of the recorded call that comes next, which most of the time are these: to see that takes no digest
   * @throws as `compare`
   */
  compareArguments(captured: CapturedArguments, kind: string, ignored: IgnoredFields, expected?: ExpectedArguments): Comparable {
    if (ignored.length > 0) return this.#compareWithout(captured.values, kind, ignored)
    const { json } = captured
    if (json !== undefined) {
      if (expected !== undefined && expected.json.byteLength === json.byteLength && Buffer.compare(expected.json, json) === 0) {
        const { digest, bytesDigest } = expected
        return { digest, bytesDigest, text: () => this.textOf(MEDIA_TYPE.json, JSON.stringify(captured.values)) }
      }
      const bytesDigest = digestOf(json)
      const known = this.#knownAs(MEDIA_TYPE.json, bytesDigest)
      if (known !== undefined)
        return { digest: known, bytesDigest, text: () => this.textOf(MEDIA_TYPE.json, JSON.stringify(captured.values)) }
    }
    return this.compare(captured.values, kind)
  }

  /**
   * @param value a snapshot as the recorder takes it
   * @param kind of the step that the value belongs to
   * @param recorded the recorded payload that it stands against: of what type, for values that are recorded as the bytes or text they
   *   are, and with which digest, since what are those very bytes needs no redaction either
   * @throws when the redactor fails: such a value was withheld when recorded, so it has no equal
   */
  compare(value: unknown, kind: string, recorded?: { readonly mediaType: string; readonly digest: Digest }): Comparable {
    const recordedAs = recorded?.mediaType
    const asIs = recordedAs !== undefined && recordedAs !== MEDIA_TYPE.json && recordedAs !== MEDIA_TYPE.msgpack
    const raw = asIs && (typeof value === 'string' || types.isUint8Array(value))
    const { mediaType, data } = raw ? { mediaType: recordedAs, data: value } : encodeValue(value)
    const bytesDigest = digestOf(data)
    if (bytesDigest === recorded?.digest && mediaType === recordedAs) {
      const text = (): string => this.textOf(mediaType, data)
      // Few ask for more than the digest of the bytes.
      return {
        get digest() {
          return sha256Hex(text())
        },
        bytesDigest,
        text,
      }
    }
    const known = this.#knownAs(mediaType, bytesDigest)
    if (known !== undefined) return { digest: known, bytesDigest, text: () => this.textOf(mediaType, data) }
    const text = this.#comparable(mediaType, data, kind)
    return { digest: sha256Hex(text), bytesDigest, text: () => text }
  }

  #knownAs(mediaType: string, bytesDigest: Digest): string | undefined {
    this.#known ??= byTypeAndDigest(this.#recorded())
    return this.#known.get(mediaType)?.get(bytesDigest)
  }

  #compareWithout(value: unknown, kind: string, ignored: IgnoredFields): Comparable {
    const { mediaType, data } = encodeValue(value)
    const text = this.#comparable(mediaType, data, kind, ignored)
    return { digest: sha256Hex(text), bytesDigest: digestOf(data), text: () => text }
  }

  /** A recorded payload in the compared form. */
  textOf(mediaType: string, data: string | Uint8Array, ignored: IgnoredFields = []): string {
    return comparableText(mediaType, data, this.#hasSurrogates, ignored)
  }

  #comparable(mediaType: string, data: string | Uint8Array, kind: string, ignored: IgnoredFields = []): string {
    const redactor = (this.#redactor ??= this.#makeRedactor())
    return this.textOf(mediaType, (redactor.ofKind?.(kind) ?? redactor).redactPayload(mediaType, data).value, ignored)
  }
}

function byTypeAndDigest(payloads: Iterable<RecordedPayload>): Map<string, Map<Digest, string>> {
  const known = new Map<string, Map<Digest, string>>()
  for (const { digest, mediaType, comparedDigest } of payloads) {
    const ofType = known.get(mediaType)
    if (ofType === undefined) known.set(mediaType, new Map([[digest, comparedDigest]]))
    else ofType.set(digest, comparedDigest)
  }
  return known
}
