import { canonicalJson, type RepriseError, type StepKind } from '../../schemas/index.ts'
import { isServed } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { describeNode } from '../verdict/departures.ts'
import { badSet, formatPath, parsePath, type ValuePath, valueAt, withValueAt } from './value-path.ts'

/** What a fork sets: paths and their new values. */
export type PatchValues = Readonly<Record<string, unknown>>

interface Change {
  /** As the user wrote it. */
  readonly path: string
  readonly value: unknown
  /** Below the arguments, or below the result. */
  readonly rest: ValuePath
}

const ASKING: ReadonlySet<StepKind> = new Set<StepKind>(['model', 'embedding', 'reranker'])
const FINDING: ReadonlySet<StepKind> = new Set<StepKind>(['retriever', 'reranker'])
const HEADS = 'input, output, error, prompt, model, parameters, documents, seed, time'

/** What is changed at one step, checked against what the step is. */
export class Patch {
  readonly #inputs: readonly Change[]
  readonly #outputs: readonly Change[]
  /** Set where the step is to fail. */
  readonly error: Error | undefined
  readonly seed: string | undefined
  /** Unix milliseconds. */
  readonly timeMillis: number | undefined
  /** Canonical JSON of all of it, an array of `[path, value]` in the order of the paths. */
  readonly canonical: string
  readonly paths: readonly string[]

  /** @throws RepriseError `invalid_argument` naming the path and what was expected there */
  constructor(node: LineageNode, set: PatchValues) {
    const { kind } = node.record.core
    const inputs: Change[] = []
    const outputs: Change[] = []
    const paths = Object.keys(set).sort()
    if (paths.length === 0) throw badSet('set: expected at least one path and its value')
    for (const path of paths) {
      const value = set[path]
      const [head = '', ...rest] = parsePath(path)
      const refuse = (why: string): RepriseError => badSet(`set ${path}: ${why}`)
      const isOf = (kinds: ReadonlySet<StepKind>, what: string): void => {
        if (!kinds.has(kind)) throw refuse(`${describeNode(node)} has no ${what}; set input or output`)
      }
      switch (head) {
        case 'input':
          inputs.push({ path, value, rest })
          break
        case 'prompt':
          isOf(ASKING, 'prompt')
          if (rest.length > 0) throw refuse('the prompt is set as a whole; a part of the request is input.0 and so on')
          inputs.push({ path, value, rest: PROMPT })
          break
        case 'model':
        case 'parameters':
          isOf(ASKING, head)
          if (head === 'parameters' && rest.length === 0) throw refuse('expected the name of a parameter: parameters.temperature')
          inputs.push({ path, value, rest: ['0', ...(head === 'model' ? ['model', ...rest] : rest)] })
          break
        case 'documents':
          isOf(FINDING, 'documents')
          outputs.push({ path, value, rest })
          break
        case 'output':
          outputs.push({ path, value, rest })
          break
        case 'error':
          if (typeof value !== 'string' || rest.length > 0) throw refuse('expected the message of the error')
          break
        case 'seed':
          if ((typeof value !== 'string' && typeof value !== 'number') || rest.length > 0) throw refuse('expected a text or a number')
          break
        case 'time':
          if (rest.length > 0 || timeOf(value) === undefined) throw refuse('expected a date such as 2026-01-31T09:00:00Z')
          break
        default:
          throw refuse(`expected a path that begins with one of ${HEADS}`)
      }
    }
    const { error, seed, time } = set
    if ((outputs.length > 0 || error !== undefined) && !isServed(node)) {
      throw badSet(`${describeNode(node)} runs again, so its result is what its code gives: change a step in it`)
    }
    if (inputs.length > 0 && (outputs.length > 0 || error !== undefined)) {
      throw badSet(`set: a step with a result that is given is not called, so its input cannot matter: ${paths.join(', ')}`)
    }
    if (error !== undefined && outputs.length > 0) throw badSet('set: a step gives a result or an error, not both')
    this.#inputs = inputs
    this.#outputs = outputs
    this.error = error === undefined ? undefined : new Error(String(error))
    this.seed = seed === undefined ? undefined : String(seed)
    this.timeMillis = timeOf(time)
    this.paths = paths
    try {
      this.canonical = canonicalJson(paths.map((path) => [path, set[path]]))
    } catch (cause) {
      throw badSet(`set: values must be such as JSON has: ${cause instanceof Error ? cause.message : ''}`, cause)
    }
  }

  get setsInput(): boolean {
    return this.#inputs.length > 0
  }

  get setsResult(): boolean {
    return this.#outputs.length > 0 || this.error !== undefined
  }

  /** @throws RepriseError `invalid_argument` naming the path that leads nowhere */
  applyToInput(args: readonly unknown[]): unknown[] {
    const changed = this.#inputs.reduce<unknown>(
      (value, change) => withValueAt(value, resolve(change.rest, value, change.path), copied(change.value), { name: change.path, at: '' }),
      args,
    )
    if (!Array.isArray(changed)) throw badSet('set input: expected a list of arguments')
    return changed
  }

  /** The result that is given in the place of `recorded`. @throws as `applyToInput` */
  applyToResult(recorded: unknown): unknown {
    return this.#outputs.reduce<unknown>(
      (value, { rest, value: set, path }) => withValueAt(value, rest, copied(set), { name: path, at: '' }),
      recorded,
    )
  }

  /** Whether the recorded result is needed to know the new one. */
  get needsResult(): boolean {
    return this.#outputs.some(({ rest }) => rest.length > 0)
  }

  get values(): unknown[] {
    return [...this.#inputs, ...this.#outputs].map(({ value }) => value)
  }

  /** The values that are no more: of the input or the result that was recorded. What was made of a list is no more once it is longer. */
  replaced(recorded: unknown): unknown[] {
    return [...this.#inputs, ...this.#outputs].map(({ rest, value, path }) => {
      try {
        const place = resolve(rest, recorded, path)
        return valueAt(recorded, place.at(-1) === '-' ? place.slice(0, -1) : place)
      } catch {
        return value
      }
    })
  }
}

/** Where the prompt is: found in the request when that is there. */
const PROMPT: ValuePath = ['', 'prompt']

function resolve(rest: ValuePath, args: unknown, path: string): ValuePath {
  if (rest !== PROMPT) return rest
  const request = valueAt(args, ['0'])
  if (typeof request === 'string') return ['0']
  for (const list of ['messages', 'input', 'contents']) {
    const messages = valueAt(request, [list])
    if (typeof messages === 'string') return ['0', list]
    if (!Array.isArray(messages)) continue
    const last = messages.findLastIndex((message) => valueAt(message, ['role']) === 'user')
    if (last >= 0) return ['0', list, String(last), 'content']
  }
  if (valueAt(request, ['prompt']) !== undefined) return ['0', 'prompt']
  const seen = `the request is not a text, and has neither messages with one of role user nor prompt`
  throw badSet(`set ${path}: ${seen}: say where it is, as in ${formatPath(['input', '0', 'question'])}`)
}

/** The program may change what it gets. */
function copied(value: unknown): unknown {
  return structuredClone(value)
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const millis = new Date(value).getTime()
  return Number.isFinite(millis) ? millis : undefined
}
