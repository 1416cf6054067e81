type Schema = Readonly<Record<string, unknown>>

const ANNOTATIONS: ReadonlySet<string> = new Set(['$schema', '$id', '$defs', 'title', 'description', 'contentEncoding', 'format', 'id'])

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

/**
 * The part of JSON Schema 2020-12 that our schemas use, read literally. A keyword that is not known here throws, so that the
 * comparison with the zod validators cannot pass by leaving something out.
 */
export function matchesJsonSchema(root: Schema, value: unknown, schema: Schema = root): boolean {
  const matches = (inner: unknown, held: unknown): boolean => matchesJsonSchema(root, held, inner as Schema)
  return Object.entries(schema).every(([keyword, rule]) => {
    if (ANNOTATIONS.has(keyword)) return true
    switch (keyword) {
      case '$ref': {
        const name = /^#\/\$defs\/(.+)$/.exec(String(rule))?.[1] ?? ''
        return matches((root['$defs'] as Schema)[name], value)
      }
      case 'type':
        return hasType(rule as string, value)
      case 'const':
        return value === rule
      case 'enum':
        return (rule as unknown[]).includes(value)
      case 'anyOf':
        return (rule as unknown[]).some((inner) => matches(inner, value))
      case 'not':
        return !matches(rule, value)
      case 'pattern':
        return typeof value !== 'string' || new RegExp(rule as string, 'u').test(value)
      case 'minLength':
        return typeof value !== 'string' || [...value].length >= (rule as number)
      case 'minimum':
        return typeof value !== 'number' || value >= (rule as number)
      case 'maximum':
        return typeof value !== 'number' || value <= (rule as number)
      case 'items':
        return (
          !Array.isArray(value) ||
          value.slice((schema['prefixItems'] as unknown[] | undefined)?.length ?? 0).every((held) => matches(rule, held))
        )
      case 'prefixItems':
        return !Array.isArray(value) || (rule as unknown[]).every((inner, index) => index >= value.length || matches(inner, value[index]))
      case 'minItems':
        return !Array.isArray(value) || value.length >= (rule as number)
      case 'maxItems':
        return !Array.isArray(value) || value.length <= (rule as number)
      case 'properties':
        return (
          !isObject(value) ||
          Object.entries(rule as Schema).every(([key, inner]) => !Object.hasOwn(value, key) || matches(inner, value[key]))
        )
      case 'required':
        return !isObject(value) || (rule as string[]).every((key) => Object.hasOwn(value, key))
      case 'propertyNames':
        return !isObject(value) || Object.keys(value).every((key) => matches(rule, key))
      case 'additionalProperties': {
        if (!isObject(value)) return true
        const others = Object.keys(value).filter((key) => !Object.hasOwn((schema['properties'] ?? {}) as Schema, key))
        return rule === false ? others.length === 0 : others.every((key) => matches(rule, value[key]))
      }
      default:
        throw new Error(`keyword ${keyword} is not known`)
    }
  })
}
