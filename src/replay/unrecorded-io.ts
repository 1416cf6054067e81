import childProcess from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'

/** Names of callback functions of node:fs; most have one that ends in `Sync`, and one among `fs.promises`. */
const FILE_CALLS = [
  'access',
  'appendFile',
  'copyFile',
  'cp',
  'glob',
  'lstat',
  'mkdir',
  'mkdtemp',
  'open',
  'opendir',
  'readFile',
  'readdir',
  'readlink',
  'rename',
  'rm',
  'rmdir',
  'stat',
  'statfs',
  'symlink',
  'truncate',
  'unlink',
  'writeFile',
] as const
const FILE_EXTRAS = ['createReadStream', 'createWriteStream', 'existsSync', 'openAsBlob', 'watch', 'watchFile'] as const
const PROCESS_CALLS = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'] as const
const WORKERS = 'worker_threads'

type Replace = (owner: object, name: string, wrap: (original: (...args: unknown[]) => unknown) => unknown) => void

/**
 * Watches what no recording holds and no replay serves: files, child processes and worker threads. Each call goes on as ever.
 *
 * @param seen told the name of what is called, such as `fs.readFile`
 * @returns what ends the watching of worker threads; `replace` undoes the rest
 */
export function watchUnrecorded(replace: Replace, seen: (api: string) => void): () => void {
  const watch = (owner: object, label: string, names: readonly string[]): void => {
    for (const name of names) replace(owner, name, (original) => watched(original, () => seen(`${label}${name}`)))
  }
  watch(fs, 'fs.', [...FILE_CALLS, ...FILE_CALLS.map((name) => `${name}Sync`), ...FILE_EXTRAS])
  watch(fs.promises, 'fs.promises.', FILE_CALLS)
  watch(childProcess, 'child_process.', PROCESS_CALLS)
  const onWorker = (): void => seen('worker_threads.Worker')
  subscribe(WORKERS, onWorker)
  return () => void unsubscribe(WORKERS, onWorker)
}

/** The same function, with the properties that others ask it for: `util.promisify` finds its own there. */
function watched(original: (...args: unknown[]) => unknown, seen: () => void): unknown {
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    seen()
    return new.target === undefined ? Reflect.apply(original, this, args) : Reflect.construct(original, args)
  }
  return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
}
