import { styleText } from 'node:util'

/** Where a command reads and writes. stdout is data, stderr is for people. */
export type Terminal = {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Colour on stdout and on stderr: a terminal that is not dumb, NO_COLOR not set (FORCE_COLOR overrides). */
  readonly colorOut: boolean
  readonly colorErr: boolean
}

export function openTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process
  const color = (isTerminal: boolean): boolean => {
    if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true
    return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }
  return { stdin, stdout, stderr, env, cwd: process.cwd(), colorOut: color(stdout.isTTY === true), colorErr: color(stderr.isTTY === true) }
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function paint(on: boolean, style: Style, text: string): string {
  return on ? styleText(style, text, { validateStream: false }) : text
}

/**
 * Names come from whoever sent the span: control characters (escape sequences, clipboard writes, bidirectional overrides)
 * are shown as `\u….`, never sent to the terminal.
 */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

export type Column = { readonly title: string; readonly align?: 'right'; readonly maxWidth?: number }

/** Lines of a table; cells are made safe here. The last column is not padded. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const shorten = (text: string, column: Column): string => {
    const safe = plain(text)
    return column.maxWidth !== undefined && safe.length > column.maxWidth ? `${safe.slice(0, column.maxWidth - 1)}…` : safe
  }
  const cells = rows.map((row) => columns.map((column, index) => shorten(row[index] ?? '', column)))
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const width = widths[index] ?? 0
        if (align === 'right') return cell.padStart(width)
        return index === columns.length - 1 ? cell : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(columns.map(({ title }) => title)), ...cells.map(line)]
}

export function writeLine(stream: NodeJS.WritableStream, line: string): void {
  stream.write(`${line}\n`)
}

/** `3.2 s`, `14 ms`, `1 h 02 min`. */
export function formatDuration(millis: number): string {
  if (millis < 1) return `${millis.toFixed(1)} ms`
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 60_000) return `${(millis / 1000).toFixed(1)} s`
  const minutes = Math.floor(millis / 60_000)
  if (minutes < 60) return `${minutes} min ${String(Math.floor((millis % 60_000) / 1000)).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Milliseconds between two decimal nanosecond times. */
export function millisBetween(startNanos: string, endNanos: string): number {
  return Number(BigInt(endNanos) - BigInt(startNanos)) / 1e6
}

/** `2026-11-21 10:42:07` in UTC, so that the same store prints the same text everywhere. */
export function formatTime(nanos: string): string {
  const millis = Number(BigInt(nanos) / 1_000_000n)
  if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15) return nanos
  return new Date(millis).toISOString().slice(0, 19).replace('T', ' ')
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
