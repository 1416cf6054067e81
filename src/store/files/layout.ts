import { join } from 'node:path'
import { namesIn } from './durable.ts'

/** Where everything stands in a store. */
export interface Layout {
  readonly dir: string
  readonly format: string
  readonly lock: string
  /** Holds no data: the kernel's lock on it dies with its holder. */
  readonly lockFile: string
  readonly segments: string
  readonly blobs: string
  readonly packs: string
  readonly temporary: string
  readonly cut: string
  /** Space for the last word on a full disk. */
  readonly reserve: string
  /** Groups whose damage a gap record tells. */
  readonly damage: string
  /** An erasure that has been decided and is not done yet. */
  readonly erasing: string
  /** Erasures that the writer is asked for. */
  readonly requests: string
  readonly index: string
  readonly views: string
  readonly keys: string
  readonly redactionKey: string
  /** Redaction policies of somebody's own, under which records here were redacted. */
  readonly policies: string
}

export function layoutOf(dir: string): Layout {
  return {
    dir,
    format: join(dir, 'format.json'),
    lock: join(dir, 'lock'),
    lockFile: join(dir, 'lock.db'),
    segments: join(dir, 'segments'),
    blobs: join(dir, 'blobs'),
    packs: join(dir, 'blobs', 'packs'),
    temporary: join(dir, 'blobs', 'tmp'),
    cut: join(dir, 'cut'),
    reserve: join(dir, 'reserve'),
    damage: join(dir, 'damage.json'),
    erasing: join(dir, 'erasing.json'),
    requests: join(dir, 'requests'),
    index: join(dir, 'index.db'),
    views: join(dir, 'views'),
    keys: join(dir, 'keys'),
    redactionKey: join(dir, 'keys', 'redaction.key'),
    policies: join(dir, 'policies'),
  }
}

const NUMBERED = /^([0-9]{8,15})\.zst$/

export function numberedName(number: number): string {
  return `${String(number).padStart(8, '0')}.zst`
}

/** The numbers of `<8 digits>.zst` in a folder, ascending; none when there is no such folder. */
export function listNumbered(folder: string): number[] {
  return namesIn(folder)
    .flatMap((name) => NUMBERED.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right)
}
