// A door of its own: what lays out records and payloads in memory, for threads that never touch a file of the store.

export type { ResourceFacts } from '../index/record-row.ts'
export type { SpanFacts } from '../index/step-rows-writer.ts'
export { RECORD_MAX_BYTES } from '../limits.ts'
export { type AddressedPayload, addressPayload } from '../manifests/address-payload.ts'
export { BatchPacker, type PackerMark } from './batch-packer.ts'
export { buffersToTransfer, type PackedBatch } from './packed-batch.ts'
export { SpareBuffers } from './spare-buffers.ts'
