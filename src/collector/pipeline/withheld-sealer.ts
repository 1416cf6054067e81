import type { PolicyRef } from '../../schemas/index.ts'
import { ITEM_MAX_BYTES, keyNameOf, readQuarantinePublicKey, type SealedItem, sealItem } from '../../store/quarantine/index.ts'
import type { CleanContent, RecordPlace } from './findings.ts'

/** What a part brings for the quarantine, and of what it brings the reason alone. */
export interface Quarantined {
  readonly items: readonly SealedItem[]
  readonly dropped: Readonly<Record<string, number>>
}

/** A sender whose every content fails costs no more than this for each part. */
const PART_MAX_ITEMS = 64
const PART_MAX_BYTES = 16 * 1024 * 1024

/** Seals contents that could not be cleaned as soon as they are withheld, so that they never leave the thread as they were. */
export class WithheldSealer {
  readonly #key: ReturnType<typeof readQuarantinePublicKey>
  readonly #keyName: string
  readonly #namespace: string
  readonly #policy: PolicyRef
  #items: SealedItem[] = []
  #bytes = 0
  #dropped: Record<string, number> = {}

  /** Throws RepriseError `invalid_option` where the key is none. */
  constructor(publicKey: string, namespace: string, policy: PolicyRef) {
    this.#key = readQuarantinePublicKey(publicKey)
    this.#keyName = keyNameOf(publicKey)
    this.#namespace = namespace
    this.#policy = policy
  }

  add({ role, mediaType, withheld, raw }: Extract<CleanContent, { withheld: string }>, place: RecordPlace | undefined): void {
    if (raw === undefined) return
    const content = typeof raw === 'string' ? Buffer.from(raw) : raw
    if (content.byteLength > ITEM_MAX_BYTES) return this.#drop('too_large')
    if (this.#items.length >= PART_MAX_ITEMS || this.#bytes + content.byteLength > PART_MAX_BYTES) return this.#drop('too_many')
    const where = { role, mediaType, reason: withheld, namespace: this.#namespace, policy: this.#policy }
    const item = sealItem(this.#key, this.#keyName, { ...where, ...place }, content)
    this.#items.push(item)
    this.#bytes += item.bytes.byteLength
  }

  /** Since the last call; undefined where there was nothing. */
  take(): Quarantined | undefined {
    if (this.#items.length === 0 && Object.keys(this.#dropped).length === 0) return undefined
    const taken = { items: this.#items, dropped: this.#dropped }
    this.#items = []
    this.#bytes = 0
    this.#dropped = {}
    return taken
  }

  #drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1
  }
}
