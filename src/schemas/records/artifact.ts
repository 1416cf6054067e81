import { z } from 'zod'
import { countSchema, digestSchema, hex64Schema } from './common.ts'

/**
 * Where a payload stood in its step: `input`, `output`, `error`, or, for content lifted out of a span's own fields, the
 * JSON pointer of that field in the core (`/attributes/gen_ai.prompt`, `/events/0/attributes/exception.message`).
 */
export const payloadRoleSchema = z.union([z.enum(['input', 'output', 'error']), z.string().startsWith('/')])

/** What the hashed core says of a payload: enough to prove it, nothing to guess it from. */
export const payloadSchema = z.strictObject({
  role: payloadRoleSchema,
  /** Size of the redacted bytes that were kept. */
  sizeBytes: countSchema,
  mediaType: z.string().min(1),
  /** sha256(salt bytes, digest string); absent when the content was withheld. */
  commitment: hex64Schema.optional(),
  /** Why the content was not kept (a redactor that failed, a value over its bound). */
  withheld: z.string().optional(),
})
export type Payload = z.infer<typeof payloadSchema>

/** Stands beside a core, outside every hash, so that erasing a payload leaves the proofs standing. */
export const payloadRefSchema = z.strictObject({ role: payloadRoleSchema, digest: digestSchema, salt: hex64Schema })
export type PayloadRef = z.infer<typeof payloadRefSchema>

/** A reference to a stored artifact as APIs and recordings give it. The digest covers the uncompressed exact bytes. */
export const artifactRefSchema = z.strictObject({
  schema: z.literal('reprise.artifact/1'),
  role: payloadRoleSchema,
  digest: digestSchema,
  sizeBytes: countSchema,
  mediaType: z.string().min(1),
})
export type ArtifactRef = z.infer<typeof artifactRefSchema>
