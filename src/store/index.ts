export { type BackupOptions, backupStore, type StoreBackup } from './backup/backup-store.ts'
export { checkStoreFolder } from './check/check-store.ts'
export { BatchPacker, type PackerMark } from './commit/batch-packer.ts'
export {
  buffersOfBatch,
  buffersToTransfer,
  type PackedBatch,
  type PackedBlobs,
  type PackedLines,
  sizeOfBatch,
} from './commit/packed-batch.ts'
export { SpareBuffers } from './commit/spare-buffers.ts'
export type { ErasurePreview, ErasureReceipt } from './erase/erase-store.ts'
export { answerErasure, askForErasure, type ErasureAnswer, type ErasureRequest, takeErasureRequests } from './erase/requests.ts'
export type { EraseSelection } from './erase/select-refs.ts'
export type { ResourceFacts } from './index/record-row.ts'
export { modelOf } from './index/step-facts.ts'
export type { SpanFacts } from './index/step-rows-writer.ts'
export { inspectStore, type StoreInspection } from './inspect-store.ts'
export { GROUP_MAX_BYTES, RECORD_MAX_BYTES } from './limits.ts'
export { type AddressedPayload, addressPayload } from './manifests/address-payload.ts'
export { openStore } from './open-store.ts'
export type {
  AppendBatch,
  ArtifactUse,
  BlobEncoding,
  BlobInfo,
  BlobReader,
  CheckProgress,
  CutTail,
  ListLogsQuery,
  ListRunsQuery,
  ListStepsQuery,
  LogPage,
  MissingBatches,
  OpenStoreOptions,
  PreparedBlob,
  PreparedRecord,
  RecoveryReport,
  ReindexProgress,
  ReindexResult,
  RunGaps,
  RunPage,
  SealProgress,
  StepConflict,
  StepPage,
  Store,
  StoreCheck,
  StoreIndex,
  StoreProblem,
  StoreProblemCode,
  StoreSummary,
  TapeGroup,
  TapeHead,
  TapeReader,
  ViewCursor,
  ViewPosition,
} from './types.ts'
export { STORE_PROBLEM_CODES } from './types.ts'
