import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../../schemas/index.ts'
import { closeAllNow } from '../files/close-all.ts'
import { type Layout, listNumbered, numberedName } from '../files/layout.ts'
import { PackFile } from './pack-file.ts'
import { type BlobPlace, PackIndex } from './pack-index.ts'
import { PlaceTable } from './place-table.ts'

export interface BlobLocation {
  readonly pack: number
  readonly place: BlobPlace
}

interface LivePack {
  readonly pack: number
  readonly places: PlaceTable
  /** Entries that may be read: those after it are not durable yet. */
  durable: number
  end: number
}

interface ListedPack {
  readonly pack: number
  readonly index: PackIndex
}

const OPEN_PACKS_MAX = 16

/** Where every blob stands: closed packs by their sorted side files, the live one by a map. */
export class PackSet {
  readonly #layout: Layout
  readonly #ahead: boolean
  readonly #closed = new Map<number, PackIndex>()
  /** The same, for the loop that each new payload goes through. */
  #list: readonly ListedPack[] | undefined
  readonly #files = new Map<number, PackFile>()
  readonly #key: Buffer = Buffer.alloc(32)
  /** Side files that are open, most recently used last. */
  readonly #openIndexes = new Set<PackIndex>()
  /** Of the packs when they were last looked at: sealing and erasing put other files in place. */
  readonly #inodes = new Map<number, number>()
  #live: LivePack | undefined
  /** A pack that is closed and whose side file is being made: its blobs are found as those of the live one. */
  #retired: LivePack | undefined
  /** A table is as large as a pack has blobs, and a busy writer closes a pack every few seconds: the memory of the last one is used again. */
  #spare: PlaceTable | undefined

  /** `ahead`: blobs will be read in the order in which they were written, or nearly so. */
  constructor(layout: Layout, ahead = false) {
    this.#layout = layout
    this.#ahead = ahead
  }

  packFile(pack: number): string {
    return join(this.#layout.packs, numberedName(pack))
  }

  indexFile(pack: number): string {
    return `${this.packFile(pack).slice(0, -'.zst'.length)}.idx`
  }

  /** As they are on the disk, ascending. */
  packs(): number[] {
    return listNumbered(this.#layout.packs)
  }

  indexOf(pack: number): PackIndex | undefined {
    return this.#closed.get(pack)
  }

  /** Looks at what another process has written since: the last pack without a side file is its live one. */
  refresh(): void {
    const packs = this.packs()
    for (const pack of packs) {
      this.#noticeAnew(pack)
      if (this.loadIndex(pack)) continue
      if (pack === packs.at(-1)) this.openLive(pack)
      else this.closeUnindexed(pack)
    }
  }

  #setClosed(pack: number, index: PackIndex): void {
    this.#closed.set(pack, index)
    this.#list = undefined
  }

  #listed(): readonly ListedPack[] {
    this.#list ??= Array.from(this.#closed, ([pack, index]) => ({ pack, index }))
    return this.#list
  }

  /** Lets go of what is known of a pack whose file is another one than when it was last looked at. */
  #noticeAnew(pack: number): void {
    const inode = statSync(this.packFile(pack), { throwIfNoEntry: false })?.ino
    const known = this.#inodes.get(pack)
    if (inode !== undefined) this.#inodes.set(pack, inode)
    if (known === undefined || known === inode) return
    this.#letGo(pack)
    if (this.#live?.pack === pack) this.#live = undefined
  }

  #letGo(pack: number): void {
    this.forget(pack)
    const index = this.#closed.get(pack)
    index?.close()
    if (index !== undefined) this.#openIndexes.delete(index)
    this.#closed.delete(pack)
    this.#list = undefined
  }

  /** Takes a pack as closed by its side file; false where that is not there or damaged. */
  loadIndex(pack: number): boolean {
    if (this.#closed.has(pack)) return true
    const index = PackIndex.read(this.indexFile(pack), this.file(pack).sizeBytes())
    if (index === undefined) return false
    this.#setClosed(pack, index)
    if (this.#live?.pack === pack) this.#live = undefined
    return true
  }

  /** Takes a pack without a side file as closed, by walking its headers. */
  closeUnindexed(pack: number): void {
    const places = this.#takePlaces()
    const file = this.file(pack)
    file.scan(0, places)
    this.#setClosed(pack, PackIndex.of(places, file.sizeBytes()))
    this.#keepPlaces(places)
    if (this.#live?.pack === pack) this.#live = undefined
  }

  /** Takes a pack as the live one, walking what it holds beyond what is known of it, up to its end or a position before that. */
  openLive(pack: number, to?: number): void {
    const live = this.#live?.pack === pack ? this.#live : { pack, places: this.#takePlaces(), durable: 0, end: 0 }
    this.#live = live
    live.end = this.file(pack).scan(live.end, live.places, undefined, to)
    live.durable = live.places.size
  }

  /**
   * Takes note of a blob that is about to be written to the live pack; it is found once `keepLive` says that it is durable.
   * The 32 bytes of its digest stand at `at`.
   */
  addLive(digests: Buffer, at: number, offset: number, length: number): void {
    this.#live?.places.add(digests, at, offset, length)
  }

  /** What was added is durable. */
  keepLive(): void {
    if (this.#live !== undefined) this.#live.durable = this.#live.places.size
  }

  /** What was added has not become durable. */
  dropAdded(): void {
    this.#live?.places.truncate(this.#live.durable)
  }

  /** Makes the live pack, which holds so many bytes, a closed one. */
  closeLive(packBytes: number): void {
    if (this.#live === undefined) return
    const { pack, places } = this.#live
    this.#setClosed(pack, PackIndex.of(places, packBytes))
    this.#live = undefined
    this.#keepPlaces(places)
  }

  /**
   * The same in short steps, while blobs are looked up and written to another pack. One pack at a time. The side file saves time
   * only: where it cannot be written it is made again later.
   */
  async retireLive(packBytes: number): Promise<void> {
    const retired = this.#live
    if (retired === undefined) return
    const { pack, places } = retired
    this.#retired = retired
    this.#live = undefined
    const index = await inSlices(PackIndex.make(places, packBytes))
    this.#retired = undefined
    this.#setClosed(pack, index)
    this.#keepPlaces(places)
    await index.writeLater(this.indexFile(pack)).catch(() => undefined)
  }

  #takePlaces(): PlaceTable {
    const places = this.#spare ?? new PlaceTable()
    this.#spare = undefined
    return places
  }

  #keepPlaces(places: PlaceTable): void {
    places.truncate(0)
    this.#spare = places
  }

  /** Gives up a live pack that holds nothing. */
  dropLive(): void {
    if (this.#live !== undefined) {
      this.forget(this.#live.pack)
      this.#keepPlaces(this.#live.places)
    }
    this.#live = undefined
  }

  /** Writes the side file of a closed pack. It saves time only: where it cannot be written it is made again later. */
  writeIndex(pack: number): void {
    try {
      this.#closed.get(pack)?.write(this.indexFile(pack))
    } catch {
      // The next open walks the pack.
    }
  }

  locate(digest: Digest): BlobLocation | undefined {
    this.#key.write(digest.slice(7), 'hex')
    return this.#locate(this.#key, 0)
  }

  /** Whether a blob is stored, or about to be; the 32 bytes of its digest stand at `at`. */
  has(digests: Buffer, at: number): boolean {
    return (this.#live?.places.find(digests, at) ?? -1) >= 0 || this.#locateDone(digests, at) !== undefined
  }

  #locate(digests: Buffer, at: number): BlobLocation | undefined {
    const live = this.#live
    const entry = live?.places.find(digests, at) ?? -1
    if (live !== undefined && entry >= 0 && entry < live.durable) return { pack: live.pack, place: live.places.placeOf(entry) }
    return this.#locateDone(digests, at)
  }

  /** In packs to which nothing is added. */
  #locateDone(digests: Buffer, at: number): BlobLocation | undefined {
    const retired = this.#retired
    const entry = retired?.places.find(digests, at) ?? -1
    if (retired !== undefined && entry >= 0) return { pack: retired.pack, place: retired.places.placeOf(entry) }
    return this.#locateClosed(digests, at)
  }

  #locateClosed(digests: Buffer, at: number): BlobLocation | undefined {
    const all = this.#listed()
    // What is sent again mostly came not long before.
    for (let number = all.length - 1; number >= 0; number--) {
      const listed = all[number]
      if (listed === undefined || !listed.index.mayHave(digests, at)) continue
      const place = this.#whole(listed.pack, listed.index).find(digests, at)
      if (place !== undefined) return { pack: listed.pack, place }
    }
    return undefined
  }

  /** The index itself, or another one made from the pack where its file is damaged. */
  #whole(pack: number, index: PackIndex): PackIndex {
    if (index.isWhole()) {
      this.#openIndexes.delete(index)
      this.#openIndexes.add(index)
      const [oldest] = this.#openIndexes
      if (this.#openIndexes.size > OPEN_PACKS_MAX && oldest !== undefined) {
        oldest.close()
        this.#openIndexes.delete(oldest)
      }
      return index
    }
    this.closeUnindexed(pack)
    return this.#closed.get(pack) ?? index
  }

  file(pack: number): PackFile {
    let file = this.#files.get(pack)
    if (file === undefined) file = new PackFile(this.packFile(pack), this.#ahead)
    else this.#files.delete(pack)
    // Most recently used last.
    this.#files.set(pack, file)
    if (this.#files.size > OPEN_PACKS_MAX) {
      const [oldest] = this.#files.keys()
      if (oldest !== undefined) this.forget(oldest)
    }
    return file
  }

  /** Lets go of a pack's file, before it is removed. */
  forget(pack: number): void {
    const file = this.#files.get(pack)
    this.#files.delete(pack)
    file?.close()
  }

  /** Takes up a closed pack that has been written anew. */
  reload(pack: number): void {
    this.#letGo(pack)
    if (!this.loadIndex(pack)) this.closeUnindexed(pack)
  }

  close(): void {
    const files = [...this.#files.keys()].map((pack) => (): void => this.forget(pack))
    const indexes = [...this.#openIndexes].map((index) => (): void => index.close())
    closeAllNow([...files, ...indexes])
    this.#openIndexes.clear()
  }
}

/** Nobody waits for a side file: the event loop is held so long at a time, and has so long for others. */
const SLICE_MILLIS = 0.5
const PAUSE_MILLIS = 4

async function inSlices<T>(steps: Generator<undefined, T, void>): Promise<T> {
  for (;;) {
    const until = performance.now() + SLICE_MILLIS
    do {
      const { done, value } = steps.next()
      if (done === true) return value
    } while (performance.now() < until)
    await sleep(PAUSE_MILLIS)
  }
}
