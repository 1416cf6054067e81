import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Files below a folder that this process has open or mapped, with its threads; undefined where the system does not tell. */
export function heldBelow(folder: string): string[] | undefined {
  let maps: string
  try {
    maps = readFileSync('/proc/self/maps', 'utf8')
  } catch {
    return undefined
  }
  const below = (path: string): boolean => path.startsWith(`${folder}/`)
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
  const mapped = maps.split('\n').map((line) => line.slice(line.indexOf('/')))
  return [...open.filter(below), ...mapped.filter(below).map((path) => `mapped: ${path}`)].sort()
}

/** Threads of this process. */
export function threadCount(): number {
  return readdirSync('/proc/self/task').length
}
