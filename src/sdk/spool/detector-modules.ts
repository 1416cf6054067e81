import { join } from 'node:path'
import { Script } from 'node:vm'
import type { DetectorConfig, PluggedDetector, PluggedFinding, PolicyConfig } from '../../redaction/index.ts'
import { RepriseError } from '../../schemas/index.ts'
import { createRequire } from '../module-url.ts'

const BUDGET_MILLIS = 1000
const MAX_CHARS = 1_000_000

/** What a module of a user's own exports, by name or as its default. */
interface DetectorModule {
  readonly name: string
  readonly version: string
  detect(text: string, about: { readonly field: string }): readonly PluggedFinding[]
}

/**
 * The detectors that a policy names, loaded from the working directory: in each thread that redacts, once.
 *
 * @throws RepriseError('invalid_option') that names the place in the policy and what was expected there
 */
export function loadDetectors(policy: PolicyConfig | undefined): readonly PluggedDetector[] {
  return (policy?.detectors ?? []).map((config, index) => {
    const refused = (field: string, why: string, cause?: unknown): RepriseError =>
      new RepriseError(
        'invalid_option',
        `redaction policy ${policy?.id}: /detectors/${index}/${field}: ${why}`,
        cause === undefined ? {} : { cause },
      )
    return loadDetector(config, refused)
  })
}

function loadDetector(config: DetectorConfig, refused: (field: string, why: string, cause?: unknown) => RepriseError): PluggedDetector {
  let loaded: unknown
  try {
    loaded = createRequire(join(process.cwd(), 'policy.json'))(config.module)
  } catch (cause) {
    throw refused('module', `cannot load ${config.module}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  const found = [loaded, (loaded as { readonly default?: unknown } | null | undefined)?.default].find(isDetectorModule)
  if (found === undefined) throw refused('module', `expected ${config.module} to export name, version and detect(text, { field })`)
  for (const field of ['name', 'version'] as const)
    if (found[field] !== config[field])
      throw refused(field, `expected ${found[field]}, which ${config.module} says it is, got ${config[field]}`)
  const { name, gives, budgetMillis = BUDGET_MILLIS, maxChars = MAX_CHARS } = config
  return { name, gives, maxChars, detect: (text, about) => within(budgetMillis, () => found.detect(text, about)) }
}

function isDetectorModule(value: unknown): value is DetectorModule {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const { name, version, detect } = value as Partial<DetectorModule>
  return typeof name === 'string' && typeof version === 'string' && typeof detect === 'function'
}

const SLOT = Symbol.for('reprise.detector')
const call = new Script(`globalThis[Symbol.for('reprise.detector')]()`)

/** Stops what runs too long, whatever it does: V8 ends the script under which it runs. */
function within<T>(budgetMillis: number, act: () => T): T {
  const results: T[] = []
  Reflect.defineProperty(globalThis, SLOT, { value: () => void results.push(act()), configurable: true })
  try {
    call.runInThisContext({ timeout: budgetMillis })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw new RepriseError('redaction_failed', `took longer than ${budgetMillis} ms`)
    throw error
  } finally {
    Reflect.deleteProperty(globalThis, SLOT)
  }
  return results[0] as T
}
