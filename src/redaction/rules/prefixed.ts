import type { CheckName, RuleData } from '../rule.ts'

export const ALNUM = '[A-Za-z0-9]'
export const WORD = '[A-Za-z0-9_]'
export const URL_SAFE = '[A-Za-z0-9_-]'
export const HEX = '[0-9a-f]'
export const BASE64 = '[A-Za-z0-9+/]'
export const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** Nothing of a base64 run before, or an escape that ends right there. */
export const RUN_START = '(?:(?<![A-Za-z0-9+/_-])|(?<=\\\\[nrtbfv0]|%[0-9A-Fa-f]{2}))'

const quoted = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
const anchorOf = (literal: string): string => literal.replace(/[[\]\\]/g, '\\$&')

/** A key that is one literal prefix and a run of one character class. */
export function prefixed(name: string, prefixes: readonly string[], body: string, min: number, max: number, check?: CheckName): RuleData {
  return {
    name,
    anchors: prefixes.map(anchorOf),
    after: 'word-boundary',
    pattern: `(?:${prefixes.map(quoted).join('|')})${body}{${min},${max}}`,
    tail: body,
    ...(check === undefined ? {} : { check }),
  }
}

/** A key of one literal prefix and a form of its own behind it, with nothing of a word right behind. */
export function shaped(name: string, prefixes: readonly string[], form: string, check?: CheckName): RuleData {
  return {
    name,
    anchors: prefixes.map(anchorOf),
    after: 'word-boundary',
    pattern: `(?:${prefixes.map(quoted).join('|')})${form}(?![A-Za-z0-9])`,
    ...(check === undefined ? {} : { check }),
  }
}
