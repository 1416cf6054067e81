import { syncBuiltinESMExports } from 'node:module'

let isStale = false
let isUnderWay = false

/** Something of a built-in module was replaced: names imported from it are bindings of their own, and show it after `syncNames`. */
export function staleNames(): void {
  isStale = true
}

/** Walks over all names of all built-in modules: once for all that was replaced together. */
export function syncNames(): void {
  if (!isStale) return
  isStale = false
  isUnderWay = true
  try {
    syncBuiltinESMExports()
  } finally {
    isUnderWay = false
  }
}

/** Whether what reads a built-in module now is that walk. */
export function isSyncingNames(): boolean {
  return isUnderWay
}
