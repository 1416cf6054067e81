import { commitmentOf, type Digest, isDigest, parseJson, RepriseError } from '../../schemas/index.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { PlaceTable } from '../blobs/place-table.ts'
import type { StoreProblem } from '../types.ts'
import { gapProblem } from './check-gap.ts'
import type { LinePlace } from './check-tape.ts'
import type { Problems } from './problems.ts'

interface PayloadFacts {
  readonly role: string
  readonly sizeBytes: number
  readonly commitment?: string
}

interface RefFacts {
  readonly role: string
  readonly digest: string
  readonly salt: string
}

const SALT = /^[0-9a-f]{64}$/

/** Payloads that are remembered; past so many they are forgotten, and those that are met again are read again. */
const REMEMBERED_MAX = 1_000_000

/** Each reference against its core, and each payload against its digest; a payload that many refer to is read once. */
export class PayloadCheck {
  erased = 0
  readonly #blobs: BlobStore
  readonly #problems: Problems
  /** Size of each payload that was read, and those where that failed. */
  readonly #sizes = new PlaceTable()
  readonly #failed = new Set<Digest>()
  readonly #rememberedMax: number

  constructor(blobs: BlobStore, problems: Problems, rememberedMax: number = REMEMBERED_MAX) {
    this.#blobs = blobs
    this.#problems = problems
    this.#rememberedMax = rememberedMax
  }

  checkLine(text: string, place: LinePlace): void {
    let record: unknown
    try {
      record = parseJson(text)
    } catch {
      return this.#invalid(place, '', 'expected JSON')
    }
    const core = fieldOf(record, 'core')
    const refs = fieldOf(record, 'refs')
    if (typeof core !== 'object' || core === null) return this.#invalid(place, '/core', 'expected an object')
    if (!Array.isArray(refs)) return this.#invalid(place, '/refs', 'expected an array')
    const wrong = gapProblem(core)
    if (wrong !== undefined) return this.#invalid(place, wrong.pointer, wrong.message)
    const listed = fieldOf(core, 'payloads')
    if (listed === undefined && refs.length === 0) return
    if (!Array.isArray(listed)) return this.#invalid(place, '/core/payloads', 'expected an array')
    const payloads = new Map<string, { index: number; payload: PayloadFacts }>()
    for (const [index, payload] of listed.entries()) {
      if (!isPayload(payload)) this.#invalid(place, `/core/payloads/${index}`, 'expected a role, a size and a commitment')
      else payloads.set(payload.role, { index, payload })
    }
    for (const [index, ref] of refs.entries()) {
      if (!isRef(ref)) this.#invalid(place, `/refs/${index}`, 'expected a role, a digest and a salt')
      else this.#checkRef(ref, payloads.get(ref.role), place, index)
    }
    const present = new Set(refs.map((ref) => fieldOf(ref, 'role')))
    for (const { payload } of payloads.values()) if (payload.commitment !== undefined && !present.has(payload.role)) this.erased++
  }

  #invalid(place: LinePlace, pointer: string, message: string): void {
    this.#problems.add({ code: 'record_invalid', ...place, pointer, message: `${pointer === '' ? 'the line' : pointer}: ${message}` })
  }

  #checkRef(
    { role, digest, salt }: RefFacts,
    found: { index: number; payload: PayloadFacts } | undefined,
    place: LinePlace,
    index: number,
  ): void {
    const pointer = `/refs/${index}`
    if (found === undefined || !isDigest(digest) || !SALT.test(salt) || found.payload.commitment !== commitmentOf(salt, digest)) {
      const message = `${role} refers to ${digest}, to which its core is not committed`
      this.#problems.add({ code: 'commitment', ...place, pointer, ...(isDigest(digest) && { digest }), message })
      return
    }
    const sizeBytes = this.check(digest, { ...place, pointer })
    if (sizeBytes === undefined || sizeBytes === found.payload.sizeBytes) return
    const where = `/core/payloads/${found.index}/sizeBytes`
    this.#invalid(place, where, `${role} has ${sizeBytes} bytes, its core says ${found.payload.sizeBytes}`)
  }

  /** The size of a sound payload. `where` says what needs it, or where it stands. */
  check(digest: Digest, where: Pick<StoreProblem, 'file' | 'group' | 'line' | 'pointer'>): number | undefined {
    const known = this.#sizes.sizeOf(digest)
    if (known !== undefined) return known
    if (this.#failed.has(digest)) return undefined
    if (this.#sizes.size >= this.#rememberedMax) this.#sizes.truncate(0)
    if (this.#failed.size >= this.#rememberedMax) this.#failed.clear()
    try {
      const { length } = this.#blobs.read(digest)
      this.#sizes.set(digest, { offset: 0, length })
      return length
    } catch (error) {
      if (!RepriseError.isInstance(error)) throw error
      const code = error.code === 'artifact_missing' ? 'artifact_missing' : 'artifact_damaged'
      this.#problems.add({ code, ...where, digest, message: error.message })
    }
    this.#failed.add(digest)
    return undefined
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}

function isPayload(value: unknown): value is PayloadFacts {
  const commitment = fieldOf(value, 'commitment')
  return (
    typeof fieldOf(value, 'role') === 'string' &&
    typeof fieldOf(value, 'sizeBytes') === 'number' &&
    (typeof commitment === 'string' || (commitment === undefined && fieldOf(value, 'withheld') !== undefined))
  )
}

function isRef(value: unknown): value is RefFacts {
  return ['role', 'digest', 'salt'].every((key) => typeof fieldOf(value, key) === 'string')
}
