import { open } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { RepriseError } from '../../schemas/index.ts'
import type { Terminal } from '../terminal.ts'

const MAX_FILE_BYTES = 256 * 1024 * 1024

/** A text to be redacted. `line`: its number, from 1, where the input is taken line by line. */
export interface InputText {
  readonly text: string
  readonly line?: number
}

/**
 * A file whole (JSON and text), or NDJSON and standard input (`-`, or none) line by line, in order.
 *
 * @throws RepriseError `usage` for a file that cannot be read, `limit_exceeded` for one that is too large to be taken whole
 */
export async function* readTexts(file: string | undefined, terminal: Terminal): AsyncGenerator<InputText, void, void> {
  if (file === undefined || file === '-') return yield* readLines(terminal.stdin)
  const handle = await open(resolve(terminal.cwd, file)).catch((cause: unknown) => {
    throw new RepriseError('usage', `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
  try {
    if (['.ndjson', '.jsonl'].includes(extname(file))) return yield* readLines(handle.createReadStream({ autoClose: false }))
    const { size } = await handle.stat()
    if (size > MAX_FILE_BYTES) {
      throw new RepriseError(
        'limit_exceeded',
        `${file}: ${size} bytes, the most is ${MAX_FILE_BYTES}; give it line by line on standard input`,
      )
    }
    yield { text: await handle.readFile('utf8') }
  } finally {
    await handle.close()
  }
}

async function* readLines(input: NodeJS.ReadableStream): AsyncGenerator<InputText, void, void> {
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield { text, line: ++line }
}

export function looksLikeJson(text: string): boolean {
  const first = text.trimStart()[0]
  return first === '{' || first === '[' || first === '"'
}

/** Waits where whoever reads is slower. */
export async function writeAll(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (!stream.write(text)) await new Promise((drained) => stream.once('drain', drained))
}
