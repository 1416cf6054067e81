import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type PolicyConfig, PRESETS } from '../../redaction/index.ts'
import { parseJson, RepriseError } from '../../schemas/index.ts'

const MAX_BYTES = 1024 * 1024
const isPreset = (name: string): name is keyof typeof PRESETS => Object.hasOwn(PRESETS, name)

/**
 * A redaction policy by the name of a shipped one, or from a JSON file. For whoever redacts before something is written.
 *
 * @param parse `parsePolicy`, given by who calls: it loads a validator, which a program without a policy of its own should not pay for
 * @throws RepriseError('invalid_option') that names the file, and in it each place and what was expected there
 */
export function readPolicyFile(nameOrFile: string, cwd: string, parse: (data: unknown) => PolicyConfig): PolicyConfig {
  if (isPreset(nameOrFile)) return PRESETS[nameOrFile]
  const file = resolve(cwd, nameOrFile)
  const refused = (why: string, cause?: unknown): RepriseError =>
    new RepriseError('invalid_option', `redaction policy ${nameOrFile}: ${why}`, cause === undefined ? {} : { cause })
  let data: unknown
  try {
    const { size } = statSync(file)
    if (size > MAX_BYTES) throw refused(`${size} bytes, the most is ${MAX_BYTES}`)
    data = parseJson(readFileSync(file, 'utf8'))
  } catch (cause) {
    if (RepriseError.isInstance(cause)) throw cause
    const presets = Object.keys(PRESETS).join(', ')
    throw refused(`expected one of ${presets}, or a JSON file: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  let policy: PolicyConfig
  try {
    policy = parse(data)
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause)
  }
  // Records name their policy by it.
  if (isPreset(policy.id))
    throw refused(`/id: expected another one than those of the shipped policies (${Object.keys(PRESETS).join(', ')})`)
  return policy
}
