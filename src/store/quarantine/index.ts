// A door of its own: workers that seal, and the command line, load nothing else of the store for it.
export { ITEM_MAX_BYTES, keyNameOf, openItem, type QuarantineDraft, type QuarantineHeader, type SealedItem, sealItem } from './item.ts'
export {
  discardQuarantined,
  findQuarantined,
  listQuarantine,
  QuarantineFolder,
  type QuarantineLimits,
  type QuarantineStats,
} from './quarantine.ts'
export {
  createQuarantineKeys,
  publicKeyOf,
  readQuarantinePrivateKey,
  readQuarantinePublicKey,
} from './seal.ts'
