import childProcess from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import { getCallSites } from 'node:util'
import { hookState } from '../../sdk/effects/index.ts'
import { type Method, replaceProperty, type Undo } from './methods.ts'
import { currentWatcher } from './watch.ts'

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

/** Tells watchers of what no recording holds and no replay serves: files, child processes and worker threads. Each call goes on as ever. */
export function noteUnrecorded(): Undo {
  const undo: Undo[] = []
  const watch = (owner: object, label: string, names: readonly string[]): void => {
    for (const name of names) {
      const original: unknown = Reflect.get(owner, name)
      if (typeof original === 'function') undo.push(replaceProperty(owner, name, watchedOnce(original as Method, `${label}${name}`)))
    }
  }
  watch(fs, 'fs.', [...FILE_CALLS, ...FILE_CALLS.map((name) => `${name}Sync`), ...FILE_EXTRAS])
  watch(fs.promises, 'fs.promises.', FILE_CALLS)
  watch(childProcess, 'child_process.', PROCESS_CALLS)
  const onWorker = (): void => seen('worker_threads.Worker')
  subscribe(WORKERS, onWorker)
  return () => {
    unsubscribe(WORKERS, onWorker)
    for (const restore of undo.reverse()) restore()
  }
}

function seen(api: string): void {
  // What we read of the recording meanwhile is not the program's.
  if (hookState.suspended > 0) return
  const watcher = currentWatcher()
  if (watcher?.unrecorded !== undefined && !isByNode()) watcher.unrecorded(api)
}

/** Whether the function replaced was called by Node: to load a module that the program imports, or by another one of `node:fs`. */
function isByNode(): boolean {
  const caller = getCallSites(4, { sourceMap: false })[3]?.scriptName ?? ''
  return caller === 'node:fs' || caller.startsWith('node:internal/modules/')
}

/** By name what stood there last: to make all of them anew takes a small replay as long as a few of its calls. */
const made = new Map<string, { readonly original: Method; readonly replacement: unknown }>()

function watchedOnce(original: Method, api: string): unknown {
  const known = made.get(api)
  if (known?.original === original) return known.replacement
  const replacement = watched(original, api)
  made.set(api, { original, replacement })
  return replacement
}

/** The same function, with the properties that others ask it for: `util.promisify` finds its own there. */
function watched(original: Method, api: string): unknown {
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    seen(api)
    return new.target === undefined ? Reflect.apply(original, this, args) : Reflect.construct(original, args)
  }
  return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
}
