import type { PluggedDetector, PolicyConfig } from '../../redaction/index.ts'
import { RepriseError } from '../../schemas/index.ts'
import { createRequire, moduleUrl } from '../module-url.ts'

type Files = { readPolicyFile(nameOrFile: string, cwd: string, parse: (data: unknown) => PolicyConfig): PolicyConfig }
type Detectors = { loadDetectors(policy: PolicyConfig): readonly PluggedDetector[] }
type Schema = { parsePolicy(data: unknown): PolicyConfig }

// The sources run unbuilt; in the package the file has the name that the compiler gave it.
const HERE = moduleUrl(import.meta.url)
const UNBUILT = HERE.endsWith('.ts')

/**
 * The policy that a recorded program was given, read and checked at once: engine and validator are loaded for it, which no program
 * without a policy of its own pays for.
 *
 * @throws RepriseError `invalid_option`: nothing may be recorded under a policy that cannot be read
 */
export function readPolicyNow(nameOrFile: string): PolicyConfig {
  try {
    const require = createRequire(HERE)
    const { readPolicyFile }: Files = UNBUILT ? require('./policy-file.ts') : require('./policy-file.js')
    const parse = (data: unknown): PolicyConfig => {
      const { parsePolicy }: Schema = UNBUILT
        ? require('../../redaction/policies/schema.ts')
        : require('../../redaction/policies/schema.js')
      return parsePolicy(data)
    }
    const policy = readPolicyFile(nameOrFile, process.cwd(), parse)
    loadDetectorsNow(policy)
    return policy
  } catch (cause) {
    if (RepriseError.isInstance(cause) && cause.code === 'invalid_option') throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RepriseError('invalid_option', `redaction policy ${nameOrFile}: it cannot be read here: ${why}`, { cause })
  }
}

/** The detectors of its own that a policy names; where it names none, nothing is loaded for it. Throws as `loadDetectors`. */
export function loadDetectorsNow(policy: PolicyConfig | undefined): readonly PluggedDetector[] {
  if (policy?.detectors === undefined) return []
  const require = createRequire(HERE)
  const { loadDetectors }: Detectors = UNBUILT ? require('./detector-modules.ts') : require('./detector-modules.js')
  return loadDetectors(policy)
}
