import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRedactorFor, type PolicyConfig, unscannedInText } from '../../redaction/index.ts'
import { parsePolicy } from '../../redaction/policies/schema.ts'
import { RepriseError, STEP_KINDS } from '../../schemas/index.ts'
import { loadDetectors, readPolicyFile } from '../../sdk/spool/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { type Terminal, writeLine } from '../terminal.ts'
import { looksLikeJson, readTexts, writeAll } from './redact-input.ts'

export type RedactFlags = {
  report?: boolean
  policy?: string
  explain?: boolean
  /** Name of the field or attribute that holds the text. */
  field?: string
  /** Kind of step, for rules that are confined to kinds. */
  kind?: string
  /** A run that is there, to try a policy on. */
  run?: string
}

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

/** What does not go together, said by the names of the flags. */
function checkFlags(file: string | undefined, { run, explain, report, field, kind }: RedactFlags): void {
  const refuse = (why: string): never => {
    throw new RepriseError('usage', why)
  }
  if (run !== undefined && file !== undefined) refuse(`--run: expected no file beside it, got ${JSON.stringify(file)}`)
  if (run !== undefined && explain === true) refuse('--explain: expected a file or standard input, not --run')
  if (run !== undefined && field !== undefined) refuse('--field: expected a file or standard input, not --run, whose fields have names')
  if (run !== undefined && kind !== undefined) refuse('--kind: expected a file or standard input, not --run, whose steps have kinds')
  if (report === true && (explain === true || run !== undefined))
    refuse(`--report: expected neither --explain nor --run, which count by themselves`)
  if (kind !== undefined && !(STEP_KINDS as readonly string[]).includes(kind))
    refuse(`--kind: expected one of ${STEP_KINDS.join(', ')}, got ${kind}`)
}

/** Redacts a file or standard input; or says why (`--explain`), or what a policy would change of a run (`--run`). */
export async function redact(settings: Settings, terminal: Terminal, file: string | undefined, flags: RedactFlags): Promise<number> {
  checkFlags(file, flags)
  const policy = flags.policy === undefined ? undefined : readPolicyFile(flags.policy, terminal.cwd, parsePolicy)
  if (flags.run !== undefined) return (await import('./redact-trial.ts')).tryPolicy(settings, terminal, flags.run, policy)
  if (flags.explain === true) return (await import('./redact-explain.ts')).explain(settings, terminal, file, { ...flags, policy })
  return redactTexts(settings, terminal, file, { ...flags, policy })
}

async function redactTexts(
  settings: Settings,
  terminal: Terminal,
  file: string | undefined,
  { policy, field, kind, report }: Omit<RedactFlags, 'policy'> & { policy: PolicyConfig | undefined },
): Promise<number> {
  const key = await readKey(settings, terminal)
  const chosen = createRedactorFor({ policy, plugged: loadDetectors(policy), key, namespace: settings.values.namespace })
  const redactor = kind === undefined ? chosen : (chosen.ofKind?.(kind) ?? chosen)
  const total: Counts = new Map()
  const unscanned: Counts = new Map()
  for await (const { text, line } of readTexts(file, terminal)) {
    const { value, counts } = looksLikeJson(text) ? redactor.redactJson(text, field) : redactor.redactText(text, field)
    addCounts(total, counts)
    if (report === true) addCounts(unscanned, unscannedInText(text))
    await writeAll(terminal.stdout, line === undefined ? value : `${value}\n`)
  }
  if (report === true) {
    const sorted = (counts: Counts): Record<string, number> =>
      Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)))
    const counted = { rules: sorted(total), unscanned: sorted(unscanned) }
    writeLine(terminal.stderr, JSON.stringify({ schema: 'reprise.redaction-report/1', policy: redactor.policy, ...counted }))
  }
  return EXIT.ok
}
