import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { createRedactorFor, type Redactor } from '../../redaction/index.ts'
import { parsePolicy } from '../../redaction/policies/schema.ts'
import { RepriseError } from '../../schemas/index.ts'
import { readPolicyFile } from '../../sdk/spool/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { type Terminal, writeLine } from '../terminal.ts'

const MAX_FILE_BYTES = 256 * 1024 * 1024

type Counts = Map<string, number>

function addCounts(total: Counts, counts: Readonly<Record<string, number>> | undefined): void {
  for (const [rule, count] of Object.entries(counts ?? {})) total.set(rule, (total.get(rule) ?? 0) + count)
}

/** The store's key where there is a store, so that tokens agree with its records; else one of this call's own. */
async function readKey(settings: Settings, terminal: Terminal): Promise<Uint8Array> {
  if (!existsSync(join(settings.storeFolder, 'format.json'))) {
    if (!settings.quiet)
      writeLine(terminal.stderr, `no store at ${settings.storeFolder}: the pseudonyms of this output are keyed for this call alone`)
    return randomBytes(32)
  }
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    return store.key()
  } finally {
    await store.close()
  }
}

function looksLikeJson(text: string): boolean {
  const first = text.trimStart()[0]
  return first === '{' || first === '[' || first === '"'
}

async function redactLines(redactor: Redactor, input: NodeJS.ReadableStream, terminal: Terminal, total: Counts): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const { value, counts } = looksLikeJson(line) ? redactor.redactJson(line) : redactor.redactText(line)
    addCounts(total, counts)
    if (!terminal.stdout.write(`${value}\n`)) await new Promise((drained) => terminal.stdout.once('drain', drained))
  }
}

/** Redacts a file whole (JSON and text), or NDJSON and standard input (`-`) line by line, in order. */
export async function redact(
  settings: Settings,
  terminal: Terminal,
  file: string | undefined,
  flags: { report?: boolean; policy?: string },
): Promise<number> {
  const policy = flags.policy === undefined ? undefined : readPolicyFile(flags.policy, terminal.cwd, parsePolicy)
  const key = await readKey(settings, terminal)
  const redactor = createRedactorFor({ policy, key, namespace: settings.values.namespace })
  const total: Counts = new Map()
  if (file === undefined || file === '-') await redactLines(redactor, terminal.stdin, terminal, total)
  else {
    const handle = await open(resolve(terminal.cwd, file)).catch((cause: unknown) => {
      throw new RepriseError('usage', `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    })
    try {
      if (['.ndjson', '.jsonl'].includes(extname(file))) await redactLines(redactor, handle.createReadStream(), terminal, total)
      else {
        const { size } = await handle.stat()
        if (size > MAX_FILE_BYTES) {
          throw new RepriseError(
            'limit_exceeded',
            `${file}: ${size} bytes, the most is ${MAX_FILE_BYTES}; give it line by line on standard input`,
          )
        }
        const text = await handle.readFile('utf8')
        const { value, counts } = looksLikeJson(text) ? redactor.redactJson(text) : redactor.redactText(text)
        addCounts(total, counts)
        terminal.stdout.write(value)
      }
    } finally {
      await handle.close()
    }
  }
  if (flags.report === true) {
    const rules = Object.fromEntries([...total].sort(([left], [right]) => (left < right ? -1 : 1)))
    writeLine(terminal.stderr, JSON.stringify({ schema: 'reprise.redaction-report/1', policy: redactor.policy, rules }))
  }
  return EXIT.ok
}
