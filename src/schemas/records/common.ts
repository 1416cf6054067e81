import { z } from 'zod'

export const hex16Schema = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 lowercase hex digits')
export const hex32Schema = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lowercase hex digits')
export const hex64Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lowercase hex digits')
export const digestSchema = z.templateLiteral(['sha256:', hex64Schema])
/** Nanoseconds since the Unix epoch as decimal digits: beyond 2^53, so never a JSON number. */
export const nanosSchema = z.string().regex(/^(0|[1-9][0-9]{0,19})$/, 'expected nanoseconds as decimal digits')
export const countSchema = z.int().nonnegative()

/**
 * One OTLP AnyValue as JSON without loss. Strings, booleans, null (an empty AnyValue) and arrays stand for themselves.
 * A number without a fraction is an int64 that fits in 2^53; a number with one is a double. The rest is an object with
 * exactly one key: `double` (an integral double, or 'NaN', 'Infinity', '-Infinity', '-0'), `int` (decimal digits beyond
 * 2^53), `bytes` (base64), `kvlist` (pairs in the order sent).
 */
export type AttributeValue =
  | string
  | boolean
  | number
  | null
  | readonly AttributeValue[]
  | { readonly double: number | 'NaN' | 'Infinity' | '-Infinity' | '-0' }
  | { readonly int: string }
  | { readonly bytes: string }
  | { readonly kvlist: readonly (readonly [string, AttributeValue])[] }

export const attributeValueSchema: z.ZodType<AttributeValue> = z.lazy(() =>
  z.union([
    z.string(),
    z.boolean(),
    z.number(),
    z.null(),
    z.array(attributeValueSchema),
    z.strictObject({ double: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity', '-0'])]) }),
    z.strictObject({ int: z.string().regex(/^-?[0-9]{1,20}$/) }),
    z.strictObject({ bytes: z.base64() }),
    z.strictObject({ kvlist: z.array(z.tuple([z.string(), attributeValueSchema])) }),
  ]),
)

export const attributesSchema = z.record(z.string(), attributeValueSchema)
export type Attributes = Readonly<Record<string, AttributeValue>>

/** The redaction policy that a record passed. */
export const policyRefSchema = z.strictObject({ id: z.string().min(1), version: z.string().min(1), digest: digestSchema })
export type PolicyRef = z.infer<typeof policyRefSchema>

/** A bounded capture: what was cut or left out, why, and how many. */
export const cutSchema = z.strictObject({ what: z.string(), reason: z.string(), count: countSchema })
export type Cut = z.infer<typeof cutSchema>
