import { kernelCode, LANES, PLACES } from './kernel-code.ts'

/** Units of a text, with those around, that are looked at in one go; in UTF-16 they fit a processor's second-level cache. */
export const PIECE_UNITS: number = 32 * 1024
/** What the guards of a piece's first and last anchors see of the pieces around it. */
export const BEHIND_UNITS = 32
export const AHEAD_UNITS = 64
const AREA_BYTES = (BEHIND_UNITS + PIECE_UNITS + AHEAD_UNITS) * 2

/** Where the piece of text lies that is being looked at. */
export interface TextArea {
  readonly buffer: Buffer
  readonly units: Uint16Array
  readonly bytes: Uint8Array
}

const areaAt = (memory: ArrayBuffer, at: number): TextArea => ({
  buffer: Buffer.from(memory, at, AREA_BYTES),
  units: new Uint16Array(memory, at, AREA_BYTES / 2),
  bytes: new Uint8Array(memory, at, AREA_BYTES),
})
/** Of automata that have no kernel. */
export const COMMON_AREA: TextArea = areaAt(new ArrayBuffer(AREA_BYTES), 0)

/** The quick parts of the scanner over what lies in the area, see kernel-code.ts. */
export interface Kernel {
  readonly area: TextArea
  /** Room for the table of the automaton. */
  readonly table: Int32Array
  /** By lane. */
  readonly states: Int32Array
  /**
   * Follows several stretches of a text at once: each step of an automaton waits for the one before, so that a processor has nothing to
   * do most of the time. `(at, end, apart) => at`, in bytes of the area.
   */
  readonly followUnits: (at: number, end: number, apart: number) => number
  readonly followBytes: (at: number, end: number, apart: number) => number
  /** Where sixteen letters and digits in a row begin: `(at, end) => at`, in units or bytes of the area; not before `end` where there are none. */
  readonly rowOfUnits: (at: number, end: number) => number
  readonly rowOfBytes: (at: number, end: number) => number
}

type KernelExports = Pick<Kernel, 'followUnits' | 'followBytes' | 'rowOfUnits' | 'rowOfBytes'>
/** What is used of https://www.w3.org/TR/wasm-js-api-1/; undefined where Node was started without it. */
declare const WebAssembly:
  | {
      readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
      readonly Module: new (code: Uint8Array<ArrayBuffer>) => object
      readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports }
    }
  | undefined

const PAGE_BYTES = 64 * 1024
const TABLE_AT = Math.ceil((PLACES.text + AREA_BYTES) / 64) * 64

/**
 * The memory is as large as the table may become, and takes up no more than what of it is used. Undefined where there is no WebAssembly,
 * or no room in the address space.
 *
 * @param stopAt cells from here on are no plain states
 */
export function openKernel(classOfUnit: Uint8Array, cells: number, stopAt: number): Kernel | undefined {
  if (typeof WebAssembly === 'undefined') return undefined
  const pages = Math.ceil((TABLE_AT + cells * 4) / PAGE_BYTES)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const module = new WebAssembly.Module(kernelCode(TABLE_AT, stopAt, pages))
    const { exports } = new WebAssembly.Instance(module, { kernel: { memory } })
    const { followUnits, followBytes, rowOfUnits, rowOfBytes } = exports
    new Uint8Array(memory.buffer, PLACES.classes, classOfUnit.length).set(classOfUnit)
    return {
      area: areaAt(memory.buffer, PLACES.text),
      table: new Int32Array(memory.buffer, TABLE_AT, cells),
      states: new Int32Array(memory.buffer, PLACES.states, LANES),
      followUnits,
      followBytes,
      rowOfUnits: (at, end) => rowOfUnits(at * 2, end * 2) >> 1,
      rowOfBytes,
    }
  } catch {
    return undefined
  }
}
