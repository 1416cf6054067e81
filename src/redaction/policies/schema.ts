import { z } from 'zod'
import { RepriseError } from '../../schemas/index.ts'
import { PLUGGED_NAMES, RULE_NAMES } from '../policy.ts'
import { ACTIONS, MODES, type PolicyConfig } from './config.ts'

const isDetector = (name: string): boolean =>
  name.endsWith('*') ? RULE_NAMES.some((known) => known.startsWith(name.slice(0, -1))) : RULE_NAMES.includes(name)
const detector = z.string().refine(isDetector, { error: ({ input }) => `expected the name of a detector, got ${JSON.stringify(input)}` })

const rule = z
  .strictObject({
    detector: z.union([detector, z.array(detector).min(1)]).optional(),
    path: z
      .string()
      .regex(/^(?:\/[^/]*)+$/, 'expected a JSON Pointer such as /messages/*/content')
      .max(512)
      .optional(),
    attribute: z.string().min(1).max(256).optional(),
    kind: z.array(z.string().min(1)).min(1).optional(),
    namespace: z.array(z.string().min(1)).min(1).optional(),
    action: z.enum(ACTIONS),
    reason: z.string().min(1).max(500).optional(),
  })
  .refine((value) => value.detector !== undefined || value.path !== undefined || value.attribute !== undefined, {
    error: 'expected a detector, a path or an attribute',
  })
  .refine((value) => value.action !== 'keep' || value.reason !== undefined, {
    error: 'expected a reason: what is kept is not redacted',
    path: ['reason'],
  })

const pluggedDetector = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected small letters, digits and hyphens'),
  version: z.string().regex(/^[0-9A-Za-z.-]{1,32}$/, 'expected letters, digits, dots and hyphens'),
  module: z.string().min(1).max(512),
  gives: z.array(z.enum(PLUGGED_NAMES)).min(1),
  budgetMillis: z.int().min(1).max(60_000).optional(),
  maxChars: z.int().min(1).max(100_000_000).optional(),
})

const policySchema = z.strictObject({
  schema: z.literal('reprise.redaction-policy/2'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'expected small letters, digits and hyphens'),
  version: z.string().regex(/^[0-9A-Za-z.-]{1,32}$/, 'expected letters, digits, dots and hyphens'),
  mode: z.enum(MODES).optional(),
  action: z.enum(ACTIONS).exclude(['keep']).optional(),
  rules: z.array(rule).max(1000).optional(),
  detectors: z.array(pluggedDetector).max(8).optional(),
})

/** A policy from data. Throws `RepriseError('invalid_option')` that names each place and what was expected there. */
export function parsePolicy(data: unknown): PolicyConfig {
  const parsed = policySchema.safeParse(data)
  if (parsed.success) return parsed.data as PolicyConfig
  const faults = parsed.error.issues.map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`)
  throw new RepriseError('invalid_option', `the redaction policy is not one: ${faults.join('; ')}`)
}
