import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseJson } from '../schemas/index.ts'
import { isLoopbackHost } from './options.ts'

const TCP_LISTEN = '0A'
const ASK_TIMEOUT_MILLIS = 500
const ANSWER_MAX_BYTES = 16 * 1024
const MAX_PROCESSES = 20_000

/** Socket inodes that listen on a port, from the kernel's table (Linux; see proc_net(5)). */
async function listeningInodes(port: number): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[3] === TCP_LISTEN && fields[1]?.endsWith(`:${wanted}`) && fields[9] !== undefined) inodes.add(fields[9])
    }
  }
  return inodes
}

async function holdsOneOf(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  for (const fd of await readdir(folder).catch(() => [])) {
    const found = /^socket:\[(\d+)\]$/.exec(await readlink(`${folder}/${fd}`).catch(() => ''))
    if (found !== null && inodes.has(found[1]!)) return true
  }
  return false
}

/** Program and script alone: further arguments may hold somebody's secrets. */
function shortCommand(cmdline: string): string {
  const words = cmdline.split('\0').filter((word) => word !== '')
  const script = words.slice(1).find((word) => !word.startsWith('-'))
  return [words[0], script]
    .filter((word) => word !== undefined)
    .map((word) => basename(word).slice(0, 60))
    .join(' ')
}

async function readHolder(port: number): Promise<{ pid: number; command: string } | undefined> {
  const inodes = await listeningInodes(port)
  if (inodes.size === 0) return undefined
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).slice(0, MAX_PROCESSES)
  for (const pid of pids) {
    if (!(await holdsOneOf(pid, inodes))) continue
    return { pid: Number(pid), command: shortCommand(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) }
  }
  return undefined
}

/** Asks whoever listens whether it is a collector of ours. Only ever on this machine. */
async function askForReprise(host: string, port: number): Promise<{ store?: string } | undefined> {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  if (!isLoopbackHost(address)) return undefined
  try {
    const response = await fetch(`http://${address}:${port}/api/v1/version`, {
      signal: AbortSignal.timeout(ASK_TIMEOUT_MILLIS),
      redirect: 'error',
    })
    const reader = response.body?.getReader()
    let text = ''
    const decoder = new TextDecoder()
    for (;;) {
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) break
      text += decoder.decode(chunk.value, { stream: true })
      if (text.length > ANSWER_MAX_BYTES) return void (await reader?.cancel())
    }
    const answer: unknown = parseJson(text)
    if (typeof answer !== 'object' || answer === null || !('name' in answer) || answer.name !== 'reprise') return undefined
    return 'store' in answer && typeof answer.store === 'string' ? { store: answer.store } : {}
  } catch {
    return undefined
  }
}

/** Who has the port, in words, as far as it can be told: ` by node reprise.js (pid 4711), a Reprise collector on store /x`. */
export async function describePortHolder(host: string, port: number): Promise<string> {
  const [holder, reprise] = await Promise.all([readHolder(port), askForReprise(host, port)])
  const parts: string[] = []
  if (holder !== undefined) parts.push(holder.command === '' ? `pid ${holder.pid}` : `${holder.command} (pid ${holder.pid})`)
  if (reprise !== undefined)
    parts.push(`a Reprise collector${reprise.store === undefined ? '' : ` on store ${reprise.store.slice(0, 300)}`}`)
  return parts.length === 0 ? '' : ` by ${parts.join(', ')}`
}
