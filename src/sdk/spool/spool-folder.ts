import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, lutimesSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RepriseError, sha256Hex } from '../../schemas/index.ts'
import { addFileOnce, readKeyFile, readOwnFile, removeFile, syncFolder, systemCodeOf, writeNewFile } from './spool-files.ts'

const FOLDER_MODE = 0o700
const GROUP_AND_OTHERS = 0o077
/** A file that somebody works on is touched at each step. One that has not been for this long has lost its worker. */
const ABANDONED_AFTER_MILLIS = 60_000
/** The largest file that is read at all; a writer goes on in a new one long before. */
const FILE_MAX_BYTES = 160 * 1024 * 1024

/** `ready`: to be taken. `claimed`: somebody sends it. `writing`: not finished, or its writer died. `bad`: could not be read. */
export type SpoolFileState = 'ready' | 'claimed' | 'writing' | 'bad'

export interface SpoolFile {
  /** When it was begun, the process, a random part, where it was meant to go, and the number of spans in it. */
  readonly stem: string
  /** Of the endpoint that it was meant for, as `destinationOf` gives it. */
  readonly destination: string
  readonly state: SpoolFileState
  readonly createdMillis: number
  readonly spans: number
  readonly sizeBytes: number
  /** Claimed or being written, and untouched for so long that whoever did it must be gone. */
  readonly abandoned: boolean
}

const NAME = /^([0-9]{13,15})-[0-9]{1,10}-[0-9a-f]{12}-([0-9a-f]{8})-([0-9]{1,9})\.(spool|claimed|tmp|bad)$/
const SUFFIX: Readonly<Record<SpoolFileState, string>> = { ready: 'spool', claimed: 'claimed', writing: 'tmp', bad: 'bad' }
const STATE_OF: ReadonlyMap<string, SpoolFileState> = new Map([
  ['spool', 'ready'],
  ['claimed', 'claimed'],
  ['tmp', 'writing'],
  ['bad', 'bad'],
])

/** What stands for an endpoint in the name of a file: what is meant for one collector is not sent to another. */
export function destinationOf(endpoint: string): string {
  return sha256Hex(endpoint).slice(0, 8)
}

/**
 * The files in which programs leave what they could not send. A file changes its state by being renamed, so that of several
 * processes one alone gets it. Everything is synchronous: it also works while a process exits.
 */
export class SpoolFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Oldest first; none where there is no folder. */
  list(nowMillis: number = Date.now()): SpoolFile[] {
    let names: string[]
    try {
      names = readdirSync(this.path)
    } catch (error) {
      const code = systemCodeOf(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return []
      throw error
    }
    return names.flatMap((name) => this.#describe(name, nowMillis) ?? []).sort((left, right) => (left.stem < right.stem ? -1 : 1))
  }

  /**
   * Makes the folder where there is none, 0700 whatever the umask.
   * @throws RepriseError `invalid_option` as `check` does, or what the file system says
   */
  prepare(): void {
    makeFolder(this.path)
    this.check()
    // It may stand in somebody's working tree, and is nothing to be committed.
    addFileOnce(join(this.path, '.gitignore'), Buffer.from('*\n'))
  }

  /**
   * Makes sure that it is a folder of this user's own and that nobody else gets into it.
   * @throws RepriseError `invalid_option` where that cannot be had
   */
  check(): void {
    const stat = lstatSync(this.path)
    const refuse = (expected: string): never => {
      throw new RepriseError('invalid_option', `spool folder ${this.path}: expected ${expected}`)
    }
    if (!stat.isDirectory()) refuse('a folder, and no link to one')
    const own = process.getuid?.()
    if (own === undefined) return
    if (stat.uid !== own) refuse('a folder that belongs to the user of this process')
    if ((stat.mode & GROUP_AND_OTHERS) !== 0) chmodSync(this.path, FOLDER_MODE)
  }

  /** A new file, which nobody sees as ready before it is whole and on the disk. */
  write(destination: string, spans: number, pieces: readonly Uint8Array[]): void {
    const stem = `${String(Date.now()).padStart(13, '0')}-${process.pid}-${randomBytes(6).toString('hex')}-${destination}-${spans}`
    const temporary = this.#pathOf(stem, 'writing')
    writeNewFile(temporary, pieces)
    renameSync(temporary, this.#pathOf(stem, 'ready'))
    syncFolder(this.path)
  }

  /** Makes a file that is ready or abandoned this process's own, unless somebody else is faster. */
  claim(file: SpoolFile): SpoolFile | undefined {
    try {
      // First, so that it never looks claimed and abandoned at once.
      this.touch(file)
      const own = { ...file, state: 'claimed', abandoned: false } as const
      // A new name, by which a second one to take over an abandoned file comes too late.
      const taken = file.state === 'claimed' ? { ...file, stem: renamed(file.stem) } : file
      renameSync(this.#pathOf(file.stem, file.state), this.#pathOf(taken.stem, 'claimed'))
      return { ...own, stem: taken.stem }
    } catch {
      return undefined
    }
  }

  /** Gives a claimed file back, for another try. */
  release(file: SpoolFile): void {
    this.#move(file, 'ready')
  }

  /** Puts a claimed file aside that cannot be read; it stays for a person to look at, within the bounds of the spool. */
  setAside(file: SpoolFile): void {
    this.#move(file, 'bad')
  }

  /** Says that somebody still works on it. */
  touch(file: SpoolFile): void {
    const nowSeconds = Date.now() / 1000
    lutimesSync(this.#pathOf(file.stem, file.state), nowSeconds, nowSeconds)
  }

  remove(file: SpoolFile): void {
    removeFile(this.#pathOf(file.stem, file.state))
  }

  /** Throws for what is no file of this user's, and for one too large to be ours. */
  read(file: SpoolFile): Uint8Array {
    return readOwnFile(this.#pathOf(file.stem, file.state), FILE_MAX_BYTES)
  }

  /** The spool's own redaction key, made with the first call and then the same for every program. */
  ownKey(): Uint8Array {
    const path = join(this.path, 'key')
    addFileOnce(path, randomBytes(32))
    return readKeyFile(path)
  }

  #describe(name: string, nowMillis: number): SpoolFile | undefined {
    const [, created = '', destination = '', spans = '', suffix = ''] = NAME.exec(name) ?? []
    const state = STATE_OF.get(suffix)
    const stat = state === undefined ? undefined : lstatSync(join(this.path, name), { throwIfNoEntry: false })
    if (state === undefined || stat === undefined) return undefined
    const quiet = Math.abs(nowMillis - stat.mtimeMs) > ABANDONED_AFTER_MILLIS
    return {
      stem: name.slice(0, -suffix.length - 1),
      destination,
      state,
      createdMillis: Number(created),
      spans: Number(spans),
      sizeBytes: stat.size,
      abandoned: quiet && (state === 'claimed' || state === 'writing'),
    }
  }

  #pathOf(stem: string, state: SpoolFileState): string {
    return join(this.path, `${stem}.${SUFFIX[state]}`)
  }

  #move(file: SpoolFile, to: SpoolFileState): void {
    try {
      renameSync(this.#pathOf(file.stem, file.state), this.#pathOf(file.stem, to))
    } catch {
      // Somebody else took it over.
    }
  }
}

function renamed(stem: string): string {
  return stem.replace(/-[0-9a-f]{12}-/, `-${randomBytes(6).toString('hex')}-`)
}

/** Where there is none, with those above it. Node's own way of doing so never returns where ENOENT says that none can be made, as in /proc. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: FOLDER_MODE })
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'EEXIST') return
    const above = dirname(path)
    if (code !== 'ENOENT' || existsSync(above)) throw error
    makeFolder(above)
    makeFolder(path)
  }
}
