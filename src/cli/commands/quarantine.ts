import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RepriseError, STORE_PLACES } from '../../schemas/index.ts'
import {
  createQuarantineKeys,
  discardQuarantined,
  findQuarantined,
  keyNameOf,
  listQuarantine,
  openItem,
  publicKeyOf,
  type QuarantineHeader,
  readQuarantinePrivateKey,
} from '../../store/quarantine/index.ts'
import { EXIT } from '../exit-codes.ts'
import { ofFlag } from '../flag-values.ts'
import type { Settings } from '../settings.ts'
import { paint, plain, type Terminal, writeLine } from '../terminal.ts'

export interface QuarantineFlags {
  readonly key?: string
  readonly out?: string
  readonly keep?: boolean
  readonly all?: boolean
}

/** What to do about a content that is missing from a record, by why it is. */
const ADVICE: Readonly<Record<string, string>> = {
  redactor_failed: 'release it with the private key, see what it is, and tell the makers of Reprise if it is ordinary; or discard it',
}
const OTHER_ADVICE = 'release it with the private key, or discard it'

const usage = (message: string): RepriseError => new RepriseError('usage', message)

/** `list`, `release ID`, `discard ID...`, `keygen`. Works on the store's files, whether a collector is running or not. */
export async function quarantine(
  settings: Settings,
  terminal: Terminal,
  action: string,
  ids: readonly string[],
  flags: QuarantineFlags,
): Promise<number> {
  const folder = join(settings.storeFolder, STORE_PLACES.quarantine)
  switch (action) {
    case 'list':
      return list(settings, terminal, folder)
    case 'release':
      return await release(settings, terminal, folder, ids, flags)
    case 'discard':
      return discard(settings, terminal, folder, ids, flags)
    case 'keygen':
      return keygen(settings, terminal, flags)
    default:
      throw usage(`quarantine ${action}: expected list, release, discard or keygen`)
  }
}

function list(settings: Settings, terminal: Terminal, folder: string): number {
  const { items, unreadable } = listQuarantine(folder)
  for (const item of items) {
    const advice = ADVICE[item.reason] ?? OTHER_ADVICE
    if (settings.json) writeLine(terminal.stdout, JSON.stringify({ ...item, advice }))
    else writeLine(terminal.stdout, plain(lineOf(item)))
  }
  if (!settings.quiet && !settings.json) {
    const bytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    writeLine(terminal.stderr, `${items.length} ${items.length === 1 ? 'item' : 'items'}, ${bytes} bytes, sealed`)
    for (const reason of new Set(items.map((item) => item.reason)))
      writeLine(terminal.stderr, plain(`${reason}: ${ADVICE[reason] ?? OTHER_ADVICE}`))
  }
  if (unreadable > 0) writeLine(terminal.stderr, paint(terminal.colorErr, 'red', `${unreadable} files that are no items`))
  return EXIT.ok
}

function lineOf({ id, at, severity, reason, runId, role, mediaType, sizeBytes }: QuarantineHeader): string {
  return `${id.slice(0, 12)}  ${at}  ${severity}  ${reason}  run ${runId?.slice(0, 12) ?? '-'}  ${role}  ${mediaType}  ${sizeBytes} bytes`
}

async function release(
  settings: Settings,
  terminal: Terminal,
  folder: string,
  [id, ...more]: readonly string[],
  { key: keyFile, out, keep }: QuarantineFlags,
): Promise<number> {
  if (id === undefined || more.length > 0) throw usage('quarantine release: expected the id of one item')
  if (keyFile === undefined) throw usage('quarantine release: expected --key, the file of the private key')
  const privateKey = await ofFlag('key', () => readQuarantinePrivateKey(readText(resolve(terminal.cwd, keyFile))))
  const found = findQuarantined(folder, id)
  const bytes = readFileSync(found.path)
  const { header, content } = openItem(privateKey, bytes)
  if (out !== undefined) writeOwnFile(resolve(terminal.cwd, out), content)
  else if (settings.json) writeLine(terminal.stdout, JSON.stringify({ ...header, base64: content.toString('base64') }))
  else await new Promise<void>((done, failed) => terminal.stdout.write(content, (error) => (error == null ? done() : failed(error))))
  // Only once it is somewhere else.
  if (keep !== true) discardQuarantined(folder, [found.id])
  if (!settings.quiet) {
    const key = keyNameOf(publicKeyOf(privateKey))
    writeLine(
      terminal.stderr,
      plain(`released ${found.id} (${header.role}, ${header.reason}, key ${key})${keep === true ? ', kept' : ', removed'}`),
    )
  }
  return EXIT.ok
}

function discard(settings: Settings, terminal: Terminal, folder: string, ids: readonly string[], { all }: QuarantineFlags): number {
  if ((ids.length === 0) !== (all === true)) throw usage('quarantine discard: expected ids, or --all')
  const wanted = all === true ? listQuarantine(folder).items.map((item) => item.id) : ids.map((id) => findQuarantined(folder, id).id)
  const discarded = discardQuarantined(folder, [...new Set(wanted)])
  if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.quarantine-discard/1', discarded }))
  else if (!settings.quiet) writeLine(terminal.stderr, `discarded ${discarded}`)
  return EXIT.ok
}

/** The private key goes to a file that only its owner reads, and never to the store. */
function keygen(settings: Settings, terminal: Terminal, { out }: QuarantineFlags): number {
  if (out === undefined) throw usage('quarantine keygen: expected --out, a new file for the private key')
  const file = resolve(terminal.cwd, out)
  if (`${file}/`.startsWith(`${settings.storeFolder}/`)) throw usage('quarantine keygen: expected a file outside of the store')
  const { publicKey, privateKey } = createQuarantineKeys()
  writeOwnFile(file, privateKey)
  if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.quarantine-key/1', publicKey, file }))
  else writeLine(terminal.stdout, publicKey)
  if (!settings.quiet) writeLine(terminal.stderr, `next: REPRISE_QUARANTINE_KEY=${publicKey} reprise up   (keep ${out} elsewhere)`)
  return EXIT.ok
}

/** A new file that only its owner reads. */
function writeOwnFile(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new RepriseError('usage', `--out: cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RepriseError('usage', `--key: cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
