import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { checkStoreFolder, openStore } from '../../src/store/index.ts'
import { Dice } from './dice.ts'
import { cutFiles, type LoopOptions } from './kill-loop.ts'
import { type CrashReceipt, commitOf } from './receipt.ts'

const IMAGE_BYTES = 96 * 1024 * 1024
/** What a writer may need until it is cut. */
const ROOM_BYTES = 56 * 1024 * 1024
const CHILD = fileURLToPath(new URL('power-child.ts', import.meta.url))
/** The tools of file systems stand where only root looks for programs. */
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
const QUIET = { stdio: 'ignore', env } as const

/** Why power cuts cannot be played here; undefined where they can. */
export async function powerLoopObstacle(dir: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux'
  const disk = new Disk(join(dir, 'try'))
  try {
    disk.make()
    return undefined
  } catch (error) {
    return `no ext4 on a loop device: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  } finally {
    await disk.remove()
  }
}

/** An ext4 file system in a file, mounted through a loop device. */
class Disk {
  readonly image: string
  readonly folder: string

  constructor(base: string) {
    this.image = `${base}.img`
    this.folder = `${base}.mnt`
  }

  make(): void {
    execFileSync('truncate', ['-s', String(IMAGE_BYTES), this.image], QUIET)
    execFileSync('mkfs.ext4', ['-q', '-F', this.image], QUIET)
    this.mount()
  }

  mount(): void {
    mkdirSync(this.folder, { recursive: true })
    execFileSync('mount', ['-o', 'loop', this.image, this.folder], { stdio: ['ignore', 'ignore', 'pipe'], env })
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder)
    return bavail * bsize
  }

  async unmount(): Promise<void> {
    // Busy for a moment where somebody looks at all that is mounted.
    for (let tries = 0; this.#isMounted(); tries++) {
      try {
        execFileSync('umount', [this.folder], QUIET)
      } catch {
        if (tries >= 100)
          throw new Error(`${this.folder} stays busy: ${holdersOf(this.folder).join(', ') || 'nobody has a file of it open'}`)
        await sleep(50)
      }
    }
  }

  #isMounted(): boolean {
    return readFileSync('/proc/mounts', 'utf8').includes(` ${this.folder} `)
  }

  async remove(): Promise<void> {
    await this.unmount()
    rmSync(this.image, { force: true })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Which processes have what open below a folder. */
function holdersOf(folder: string): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const links = ['cwd', 'root', ...readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`)]
      for (const link of links)
        if (targetOf(`/proc/${pid}/${link}`).startsWith(folder)) found.push(`${pid} ${link} ${targetOf(`/proc/${pid}/${link}`)}`)
      const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
      found.push(...maps.filter((line) => line.includes(folder)).map((line) => `${pid} map ${line}`))
    } catch {
      // It has ended.
    }
  }
  return found
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/**
 * Cuts the power: a writer works on a file system in a file; it is stopped at a random moment, what it has acknowledged is
 * noted, and the file is copied as it is, without anything being synced. The copy is what a disk would hold after a power cut.
 * The next cycle goes on with the copy.
 */
export async function runPowerLoop({ dir, seed, cycles, onCycle }: LoopOptions): Promise<CrashReceipt> {
  const started = performance.now()
  const dice = new Dice(seed)
  const acknowledged = new Set<number>()
  let disk = new Disk(join(dir, 'disk-0'))
  let stored = new Set<number>()
  let doubled = 0
  let problems = 0
  let lost = 0
  let sent = 0
  let tailsCut = 0
  let disks = 0
  const fresh = async (): Promise<void> => {
    await disk.remove()
    disk = new Disk(join(dir, `disk-${++disks}`))
    disk.make()
    acknowledged.clear()
  }
  let acknowledgedInAll = 0
  let storedInAll = 0
  disk.make()
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      // A disk serves some cuts, until a writer could fill it.
      if (cycle % 8 === 7 || disk.freeBytes() < ROOM_BYTES) await fresh()
      const first = cycle * 1_000_000
      const before = acknowledged.size
      const copy = new Disk(join(dir, `disk-${++disks}`))
      const command = [CHILD, join(disk.folder, 'store'), String(first)]
      for (const number of await writeAndCut(command, dice.between(50, 1500), disk.image, copy.image)) acknowledged.add(number)
      acknowledgedInAll += acknowledged.size - before
      await disk.remove()
      disk = copy
      disk.mount()
      const store = join(disk.folder, 'store')
      const counts = await readNumbers(store)
      const known = stored
      stored = new Set(counts.keys())
      storedInAll += [...stored].filter((number) => !known.has(number)).length
      lost += [...acknowledged].filter((number) => !stored.has(number)).length
      doubled += [...counts.values()].filter((count) => count > 1).length
      problems += (await checkStoreFolder(store)).problemCount
      // What the writer of the next cycle will find and cut.
      const next = await openStore(store, { mode: 'write' })
      try {
        problems += (await next.checkStore()).problemCount
      } finally {
        await next.close()
      }
      const after = await readNumbers(store)
      lost += [...acknowledged].filter((number) => !after.has(number)).length
      tailsCut += cutFiles(store)
      sent = Math.max(sent, acknowledgedInAll)
      onCycle?.(cycle + 1)
    }
  } finally {
    await disk.remove()
  }
  return {
    schema: 'reprise.crash-receipt/1',
    loop: 'power',
    seed,
    commit: commitOf(fileURLToPath(new URL('../..', import.meta.url))),
    node: process.version,
    cycles,
    sent,
    acknowledged: acknowledgedInAll,
    stored: storedInAll,
    lost,
    doubled,
    sentAgain: 0,
    tailsCut,
    problems,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

async function writeAndCut(command: readonly string[], millis: number, image: string, copy: string): Promise<number[]> {
  const child = spawn(process.execPath, ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      resolve()
    })
    child.once('close', (code) => reject(new Error(`the writer ended with ${String(code)}: ${errors}`)))
  })
  await sleep(millis)
  child.kill('SIGSTOP')
  // Stopped first: a copy made while it writes is no point in time. What it printed is in the pipe.
  await stopped(child.pid ?? 0)
  await sleep(20)
  const acknowledged = output
  copyAtOnce(image, copy)
  child.kill('SIGKILL')
  await closed
  // The last line may be cut; without its end it does not count.
  return acknowledged
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '')
    .map(Number)
}

/** The system may still write to the image, whoever stands still: what was copied meanwhile is of no point in time. */
function copyAtOnce(image: string, copy: string): void {
  for (let tries = 0; tries < 50; tries++) {
    const before = statSync(image, { bigint: true }).mtimeNs
    execFileSync('cp', ['--sparse=always', image, copy], QUIET)
    if (statSync(image, { bigint: true }).mtimeNs === before) return
  }
  throw new Error('the image of the disk was written without end')
}

/** How many acknowledged lines a writer loses that does not wait for the disk: the loop must be able to see a loss. */
export async function loseWithoutSync(dir: string): Promise<{ acknowledged: number; lost: number }> {
  const disk = new Disk(join(dir, 'careless'))
  const copy = new Disk(join(dir, 'careless-copy'))
  const careless = `const fs = require('node:fs'); for (let n = 0; ; n++) { fs.appendFileSync(process.argv[1], n + '\\n'); fs.writeSync(1, n + '\\n') }`
  disk.make()
  try {
    const acknowledged = await writeAndCut(['-e', careless, join(disk.folder, 'lines')], 200, disk.image, copy.image)
    await disk.remove()
    copy.mount()
    const file = join(copy.folder, 'lines')
    const stored = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [])
    return { acknowledged: acknowledged.length, lost: acknowledged.filter((number) => !stored.has(number)).length }
  } finally {
    await disk.remove()
    await copy.remove()
  }
}

async function stopped(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '')[0] : 'T'
    if (state === 'T') return
    await sleep(2)
  }
}

async function readNumbers(dir: string): Promise<Map<number, number>> {
  const reader = await openStore(dir, { mode: 'read' })
  const counts = new Map<number, number>()
  try {
    for await (const { lines } of reader.tape.readGroups(0)) {
      for (const line of lines) {
        const number = Number(JSON.parse(line).core.sequence)
        if (Number.isFinite(number)) counts.set(number, (counts.get(number) ?? 0) + 1)
      }
    }
  } finally {
    await reader.close()
  }
  return counts
}
