import { unescapeJson } from '../structure/json-strings.ts'
import { type JsonToken, type JsonVisitor, walkJson } from '../structure/json-walk.ts'

/** Whether a pattern of steps (`*` one, `**` any number) names a path. */
export function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  // Dynamic programming over both: linear in their product, whatever the pattern.
  let reached = new Array<boolean>(path.length + 1).fill(false)
  reached[0] = true
  for (const step of pattern) {
    const next = new Array<boolean>(path.length + 1).fill(false)
    if (step === '**') {
      let any = false
      for (let at = 0; at <= path.length; at++) next[at] = any ||= reached[at] === true
    } else {
      for (let at = 0; at < path.length; at++) if (reached[at] === true && (step === '*' || step === path[at])) next[at + 1] = true
    }
    reached = next
  }
  return reached[path.length] === true
}

/** RFC 6901. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

export interface JsonLeaf extends JsonToken {
  readonly path: readonly string[]
  readonly isNumber: boolean
}

/** Strings and numbers of a JSON text with where they stand; undefined where it is not JSON. */
export function collectLeaves(text: string): JsonLeaf[] | undefined {
  const collector = new LeafCollector(text)
  return walkJson(text, collector) ? collector.leaves : undefined
}

class LeafCollector implements JsonVisitor {
  readonly leaves: JsonLeaf[] = []
  readonly #text: string
  readonly #path: string[] = []
  readonly #open: { readonly isList: boolean; index: number }[] = []

  constructor(text: string) {
    this.#text = text
  }
  open(isList: boolean): void {
    this.#enter()
    this.#open.push({ isList, index: 0 })
    this.#path.push('')
  }
  close(): void {
    this.#open.pop()
    this.#path.pop()
  }
  key(token: JsonToken): void {
    this.#path[this.#path.length - 1] = unescapeJson(this.#text.slice(token.start, token.end)) ?? ''
  }
  string(token: JsonToken): void {
    this.#enter()
    this.leaves.push({ ...token, path: [...this.#path], isNumber: false })
  }
  number(token: JsonToken): void {
    this.#enter()
    this.leaves.push({ ...token, path: [...this.#path], isNumber: true })
  }
  #enter(): void {
    const container = this.#open.at(-1)
    if (container?.isList === true) this.#path[this.#path.length - 1] = String(container.index++)
  }
}
