/** True only for what the validator takes; what it says false to may still be valid, and is for the validator to judge. */
export type QuickCheck = (value: unknown) => boolean

type JsonSchema = Readonly<Record<string, unknown>>

/** What says nothing about values, or nothing that `pattern` beside it does not say. */
const SILENT = new Set(['$schema', '$id', '$defs', 'title', 'description', 'format', 'contentEncoding'])

/**
 * A checker of values that `parseJson` gave, made from the JSON Schema that a validator emits: many times as fast, and mute about what
 * is wrong. Knows the keywords that our schemas use, with the meaning that JSON Schema 2020-12 gives them.
 *
 * @throws TypeError for a keyword that it does not know, since one that is left out would let everything pass
 */
export function quickCheckOf(schema: JsonSchema): QuickCheck {
  return new Compiler(schema).check(schema)
}

class Compiler {
  readonly #definitions: Readonly<Record<string, unknown>>
  readonly #done = new Map<string, QuickCheck>()

  constructor({ $defs = {} }: JsonSchema) {
    this.#definitions = $defs as Record<string, unknown>
  }

  check(schema: unknown): QuickCheck {
    if (schema === false) return () => false
    if (schema === true) return () => true
    const { type, $ref, anyOf, enum: values, ...rest } = schema as JsonSchema
    const wants = new Set(Object.keys(rest).filter((keyword) => !SILENT.has(keyword)))
    /** The value of a keyword, which is thereby taken care of. */
    const take = (keyword: string): unknown => {
      wants.delete(keyword)
      return rest[keyword]
    }
    const checks: QuickCheck[] = []
    if (typeof $ref === 'string') checks.push(this.#reference($ref))
    if (Array.isArray(anyOf)) checks.push(anyOfChecks(anyOf.map((each) => this.check(each))))
    if (Array.isArray(values)) checks.push(oneOf(new Set(values)))
    if ('const' in rest) checks.push(oneOf(new Set([take('const')])))
    if (type !== undefined) checks.push(this.#typed(type, take))
    if (wants.size > 0) throw new TypeError(`unknown keyword of JSON Schema: ${[...wants].join(', ')}`)
    const [first = () => true, ...others] = checks
    return others.length === 0 ? first : (value) => checks.every((check) => check(value))
  }

  #typed(type: unknown, take: (keyword: string) => unknown): QuickCheck {
    switch (type) {
      case 'string':
        return stringCheck(take('minLength'), take('pattern'))
      case 'boolean':
        return (value) => typeof value === 'boolean'
      case 'null':
        return (value) => value === null
      case 'number':
        return numberCheck(Number.isFinite, take('minimum'), take('maximum'))
      case 'integer':
        return numberCheck(Number.isSafeInteger, take('minimum'), take('maximum'))
      case 'array':
        return this.#array(take('prefixItems'), take('items'), take('minItems'), take('maxItems'))
      case 'object':
        return this.#object(take('properties'), take('required'), take('additionalProperties'))
      default:
        throw new TypeError(`unknown type of JSON Schema: ${String(type)}`)
    }
  }

  #array(prefixItems: unknown = [], items: unknown = true, least: unknown = 0, most: unknown = Number.POSITIVE_INFINITY): QuickCheck {
    const first = (prefixItems as unknown[]).map((each) => this.check(each))
    const other = this.check(items)
    return (value) => {
      if (!Array.isArray(value) || value.length < Number(least) || value.length > Number(most)) return false
      for (let index = 0; index < value.length; index++) if (!(first[index] ?? other)(value[index])) return false
      return true
    }
  }

  #object(properties: unknown = {}, required: unknown = [], additional: unknown = true): QuickCheck {
    const needed = new Set(required as string[])
    const known = new Map(
      Object.entries(properties as object).map(([key, each]) => [key, { check: this.check(each), isNeeded: needed.has(key) }]),
    )
    for (const key of needed) if (!known.has(key)) throw new TypeError(`required and not described: ${key}`)
    const other = this.check(additional)
    return (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      let found = 0
      const fields = value as Record<string, unknown>
      for (const key in fields) {
        const property = known.get(key)
        if (property === undefined) {
          if (!other(fields[key])) return false
          continue
        }
        if (property.isNeeded) found++
        if (!property.check(fields[key])) return false
      }
      return found === needed.size
    }
  }

  /** Looked up when it is asked: a definition may name itself. */
  #reference($ref: string): QuickCheck {
    const name = $ref.startsWith('#/$defs/') ? $ref.slice('#/$defs/'.length) : ''
    if (!Object.hasOwn(this.#definitions, name)) throw new TypeError(`unknown reference of JSON Schema: ${$ref}`)
    return (value) => {
      let check = this.#done.get(name)
      if (check === undefined) this.#done.set(name, (check = this.check(this.#definitions[name])))
      return check(value)
    }
  }
}

function anyOfChecks(checks: readonly QuickCheck[]): QuickCheck {
  return (value) => {
    for (const check of checks) if (check(value)) return true
    return false
  }
}

function oneOf(values: ReadonlySet<unknown>): QuickCheck {
  const [only] = values
  return values.size === 1 ? (value) => value === only : (value) => values.has(value)
}

function stringCheck(minLength: unknown = 0, pattern: unknown): QuickCheck {
  const least = Number(minLength)
  if (pattern === undefined) return (value) => typeof value === 'string' && value.length >= least
  const expression = new RegExp(String(pattern))
  return (value) => typeof value === 'string' && value.length >= least && expression.test(value)
}

function numberCheck(
  isOne: (value: unknown) => boolean,
  least: unknown = Number.NEGATIVE_INFINITY,
  most: unknown = Number.POSITIVE_INFINITY,
): QuickCheck {
  const lowest = Number(least)
  const highest = Number(most)
  return (value) => isOne(value) && (value as number) >= lowest && (value as number) <= highest
}
