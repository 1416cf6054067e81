import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import { parseTime, RepriseError, TIME_ACCEPTS } from '../schemas/index.ts'

// What flags take. Each throws commander's InvalidArgumentError, which names the flag and ends the command with the code of wrong usage.

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^[0-9]+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
    return value
  }
}

export function factor(text: string): number {
  const value = Number(text)
  if (!/^[0-9]*\.?[0-9]+(e[+-]?[0-9]+)?$/i.test(text) || value === 0 || !Number.isFinite(value))
    throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

export function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`Expected one of ${words.join(', ')}.`)
    return text
  }
}

export function collectOneOf(words: readonly string[]): (text: string, earlier: string[] | undefined) => string[] {
  const check = oneOf(words)
  return (text, earlier) => collect(check(text), earlier)
}

export function dollars(text: string): number {
  if (!/^[0-9]{1,7}(\.[0-9]{1,9})?$/.test(text)) throw new InvalidArgumentError('Expected an amount such as 0.25.')
  return Number(text)
}

const UNIT_MILLIS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A point in time as nanoseconds since 1970: a time, or how long ago (`90s`, `2h`, `7d`). */
export function timeOf(text: string): string {
  const [, count = '', unit = ''] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? []
  if (count !== '') return String(BigInt(Math.max(0, Date.now() - Number(count) * (UNIT_MILLIS[unit] ?? 0))) * 1_000_000n)
  const nanos = parseTime(text)
  if (nanos === undefined) throw new InvalidArgumentError(`Expected ${TIME_ACCEPTS}, or how long ago, such as 2h.`)
  return nanos
}

/** A file or a folder, which need not be there. */
export function path(text: string): string {
  if (text === '' || text.includes('\0')) throw new InvalidArgumentError('Expected a path.')
  return text
}

/** The id of a run, or how it begins. */
export function runId(text: string): string {
  if (!/^[0-9a-f]{1,32}$/i.test(text)) throw new InvalidArgumentError('Expected the id of a run, or its first letters: 0-9 and a-f.')
  return text
}

/** What stands before a step in a list: its number, or how the id of its span begins. */
export function stepId(text: string): string {
  if (!/^[0-9a-f]{1,16}$/i.test(text)) throw new InvalidArgumentError('Expected a number, or the first letters of a span id: 0-9 and a-f.')
  return text
}

/** A step by its number, name, way of names or lineage. Names are free, so only what names nothing is refused. */
export function stepAddress(text: string): string {
  const names = text.replace(/#\d*\s*$/, '').split('>')
  if (names.some((name) => name.trim() === ''))
    throw new InvalidArgumentError("Expected a step: 3, kb, kb#2, 'answer > kb', or the start of a lineage.")
  return text
}

function isHost(text: string): boolean {
  // Nothing at all, a pattern, a range of addresses.
  if (/^\s*$|\*|^[^/]+\/[0-9]+$/.test(text)) return false
  if (isIP(text) !== 0) return true
  if (/[/\\]/.test(text)) return !text.includes('://') || URL.canParse(text)
  return URL.canParse(`http://${text}`)
}

/** Hosts as the guard of the network compares them: names, addresses, origins and paths of sockets. */
export function collectHost(text: string, earlier: string[] | undefined): string[] {
  if (!isHost(text)) throw new InvalidArgumentError('Expected a host, with or without a port: api.example.com, 127.0.0.1:8080, [::1]:8080.')
  return collect(text, earlier)
}

/** Runs `work`; where it refuses the value called `key`, that was wrong usage of the flag of that name. */
export async function ofFlag<T>(key: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!RepriseError.isInstance(error) || error.code !== 'invalid_argument' || error.details?.['key'] !== key) throw error
    throw new RepriseError('usage', `--${error.message.startsWith(key) ? '' : `${key}: `}${error.message}`, { cause: error })
  }
}
