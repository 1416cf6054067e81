import { posix } from 'node:path'
import { IMPURE_BUILTINS, MAX_LINES, MAY_EXIT, NEVER, ROOMS } from './rooms.ts'
import { type ImportFact, readFacts } from './source-facts.ts'

/** A file of src/: its path from there, with slashes. */
export type SourceFile = { readonly path: string; readonly text: string }

/** The room that a path below src/ lies in. */
function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS).find((room) => path.startsWith(`${room}/`))
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Why an import breaks the table, or undefined where it does not. */
function faultOf(path: string, room: string, found: ImportFact): string | undefined {
  const { specifier } = found
  const own = ROOMS[room]!
  if (specifier === undefined) {
    const isKnown = own.computedImports === true || own.computedIn?.[path.slice(room.length + 1)] !== undefined
    return isKnown ? undefined : `${room}/ may not import a module whose name is computed`
  }
  if (!specifier.startsWith('.')) {
    const name = packageOf(specifier)
    if (name === 'reprise') return 'a room imports other rooms by path, never the package by its own name'
    const builtin = specifier.replace(/^node:/, '').split('/')[0]!
    if (own.pure && IMPURE_BUILTINS.includes(builtin)) return `${room}/ is pure and does no I/O`
    if (own.lazily?.includes(name) && !found.lazy && !found.typeOnly) return `${room}/ imports ${name} only when it is needed`
    return undefined
  }
  // A require names the file that the compiler makes of a source.
  const target = posix.join(posix.dirname(path), specifier.replace(/\.js$/, '.ts'))
  if (target.startsWith('../')) return 'src/ imports nothing that lies outside of it'
  const other = roomOf(target)
  if (other === undefined) return `${target} lies in no room`
  if (other === room) return undefined
  const never = NEVER.find((pair) => pair.room === room && target.startsWith(`${pair.imports}/`))
  if (never !== undefined) return `${room}/ never imports ${never.imports}/: ${never.because}`
  const floor = ROOMS[other]!.floor
  if (floor === own.floor) return `${room}/ and ${other}/ stand on one floor (${floor}) and do not know each other`
  if (floor > own.floor) return `${room}/ (floor ${own.floor}) imports only lower floors, and ${other}/ stands on floor ${floor}`
  const doors = ['index.ts', ...Object.keys(ROOMS[other]!.doors ?? {})]
  if (!doors.includes(target.slice(other.length + 1)))
    return `a room is imported through its index.ts alone (${doors.map((door) => `${other}/${door}`).join(', ')})`
  return undefined
}

/** All that is wrong with these files of src/: one line each, with file, line, what stands there and the rule it breaks. */
export function checkRooms(files: readonly SourceFile[]): string[] {
  const faults: string[] = []
  for (const { path, text } of files) {
    const room = roomOf(path)
    if (room === undefined) {
      faults.push(`src/${path}: lies in no room of test/architecture/rooms.ts`)
      continue
    }
    const { imports, exits, doubleAssertions } = readFacts(path, text)
    for (const found of imports) {
      const fault = faultOf(path, room, found)
      if (fault !== undefined) faults.push(`src/${path}:${found.line}: import of ${found.specifier ?? '(computed)'}: ${fault}`)
    }
    if (path !== MAY_EXIT) for (const line of exits) faults.push(`src/${path}:${line}: process exit: only ${MAY_EXIT} ends the process`)
    for (const line of doubleAssertions) faults.push(`src/${path}:${line}: assertion through unknown: give the value a type that is true`)
  }
  for (const room of new Set(files.flatMap(({ path }) => roomOf(path) ?? []))) {
    if (!ROOMS[room]!.top && !files.some(({ path }) => path === `${room}/index.ts`)) {
      faults.push(`src/${room}: has no index.ts that names what the room gives`)
    }
  }
  return faults
}

/**
 * Files that load one another in a circle: one line a circle, its files in order of their names. Which of them runs first would hang on who
 * is imported first. Types load nothing, and a lazy import waits until both are there.
 */
export function findCircles(files: readonly SourceFile[]): string[] {
  const loads = new Map(files.map(({ path, text }) => [path, loadedBy(path, text)]))
  const circles = new Set<string>()
  for (const path of loads.keys()) {
    const reached = reachedFrom(path, loads)
    if (reached.has(path))
      circles.add(
        [...reached]
          .filter((other) => reachedFrom(other, loads).has(path))
          .sort()
          .join(' > '),
      )
  }
  return [...circles]
}

function loadedBy(path: string, text: string): string[] {
  const { imports } = readFacts(path, text)
  return imports.flatMap(({ specifier, lazy, typeOnly }) =>
    specifier?.startsWith('.') && !lazy && !typeOnly ? [posix.join(posix.dirname(path), specifier)] : [],
  )
}

function reachedFrom(path: string, loads: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>()
  const open = [...(loads.get(path) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue
    reached.add(next)
    open.push(...(loads.get(next) ?? []))
  }
  return reached
}

/** Rules for any TypeScript file of the project, wherever it lies. */
export function checkFile({ path, text }: SourceFile): string[] {
  const faults: string[] = []
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (lines > MAX_LINES) faults.push(`${path}: ${lines} lines; a file holds one thing, in at most ${MAX_LINES}`)
  const silenced = /@ts-(?:ignore|expect-error|nocheck)\b/.exec(text)
  if (silenced !== null) faults.push(`${path}: ${silenced[0]}: the compiler is not silenced`)
  return faults
}
