import { RepriseError } from '../../schemas/index.ts'

/** Members and indexes on the way into a value; a negative index counts from the end, `-` is the place behind the last element. */
export type ValuePath = readonly string[]

const MAX_DEPTH = 64

/** What is wrong with what a fork was asked to set. */
export function badSet(message: string, cause?: unknown): RepriseError {
  return new RepriseError('invalid_argument', message, { details: { key: 'set' }, ...(cause === undefined ? {} : { cause }) })
}

/**
 * Reads `output.choices[0].message.content`. Parts are separated by dots, an index may stand in brackets, and a backslash takes the
 * character after it as it is.
 * @throws RepriseError `invalid_argument`
 */
export function parsePath(text: string): ValuePath {
  const parts: string[] = []
  let part = ''
  let closed = false
  const bad = (why: string): RepriseError => badSet(`path ${JSON.stringify(text)}: ${why}`)
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === '.' || character === '[') {
      if (part === '' && !closed) throw bad('expected a name before each dot and bracket')
      if (!closed) parts.push(part)
      part = ''
      closed = false
      if (character === '.') continue
      const end = text.indexOf(']', at)
      if (!/^\[(?:-|-?\d+)\]$/.test(text.slice(at, end + 1))) throw bad('expected a whole number, or -, in brackets')
      parts.push(text.slice(at + 1, end))
      at = end
      closed = true
    } else if (closed) throw bad('expected a dot or a bracket after ]')
    else part += character === '\\' ? (text[++at] ?? '') : character
  }
  if (!closed) {
    if (part === '') throw bad('expected a name at its end')
    parts.push(part)
  }
  if (parts.length > MAX_DEPTH) throw bad(`at most ${MAX_DEPTH} parts`)
  return parts
}

/** The path as it is written, for messages. */
export function formatPath(path: ValuePath): string {
  return path.map((part) => part.replaceAll(/[\\.[]/g, '\\$&')).join('.')
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(root: unknown, path: ValuePath): unknown {
  let value = root
  for (const part of path) {
    const key = keyIn(value, part)
    if (key === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

interface Where {
  /** The path as the user wrote it. */
  readonly name: string
  readonly at: string
}

/**
 * `root` with `value` at `path`. What lies on the way is copied, so that nobody else's value changes; the rest is shared. The last part
 * may be a new member.
 * @throws RepriseError `invalid_argument` where the way ends before the path does
 */
export function withValueAt(root: unknown, path: ValuePath, value: unknown, where: Where = { name: formatPath(path), at: '' }): unknown {
  const [part, ...rest] = path
  if (part === undefined) return value
  const key = keyIn(root, part)
  if (key === undefined || typeof root !== 'object' || root === null) {
    throw badSet(`set ${where.name}: there is nothing to set: ${where.at}${describe(root)} has no ${part}`)
  }
  const copy: object = Array.isArray(root) ? [...(root as unknown[])] : copyOf(root)
  if (rest.length > 0 && !Object.hasOwn(root, key)) {
    throw badSet(`set ${where.name}: there is nothing to set: ${where.at}${describe(root)} has no ${part}`)
  }
  const inner = withValueAt(Object.hasOwn(root, key) ? Reflect.get(root, key) : undefined, rest, value, {
    name: where.name,
    at: `${part}: `,
  })
  // Defined, not assigned: a member may be called __proto__.
  Object.defineProperty(copy, key, { value: inner, writable: true, enumerable: true, configurable: true })
  return copy
}

function copyOf(root: object): object {
  const copy: object = Object.create(Object.getPrototypeOf(root) as object | null)
  return Object.defineProperties(copy, Object.getOwnPropertyDescriptors(root))
}

/** The member that a part means; undefined where the value has no such place. */
function keyIn(value: unknown, part: string): string | undefined {
  if (!Array.isArray(value)) return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) ? part : undefined
  if (part === '-') return String(value.length)
  if (!/^-?\d+$/.test(part)) return undefined
  const index = part.startsWith('-') ? value.length + Number(part) : Number(part)
  return index >= 0 && index <= value.length ? String(index) : undefined
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value === null) return 'null'
  if (typeof value !== 'object') return value === undefined ? 'nothing' : `a ${typeof value}`
  const keys = Object.keys(value)
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', …' : ''}`
}
