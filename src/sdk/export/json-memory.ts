import { JSON_ESCAPE_WASM } from './json-escape-wasm.ts'

/** Where JSON text is written, and what escapes it there. */
export interface JsonMemory {
  /** All of it; another object once it has grown, with the same bytes in it. */
  readonly bytes: Buffer
  /** The first place that text may be written to. */
  readonly start: number
  /** Makes room for that many bytes in all. */
  grow(bytes: number): void
  /**
   * Escapes the UTF-8 text of a JSON string between two places (RFC 8259, section 7), as JSON.stringify does, and gives the place
   * where it ends then. Between `start` and the end of the memory there are at least six times the bytes of the text, and 48.
   */
  escape(start: number, end: number): number
}

/** Room beside six times a text that `escape` may use. */
export const ESCAPE_SLACK_BYTES = 48

const INITIAL_BYTES = 128 * 1024
const WASM_PAGE_BYTES = 64 * 1024
/** Below stand the tables of json-escape.wat. */
const WASM_START = 64

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): void
}

interface Instance {
  readonly exports: Readonly<Record<string, unknown>>
}

/** What is used of it (W3C, WebAssembly JavaScript Interface): TypeScript has it with the types of browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => Instance
  readonly Memory: new (descriptor: { initial: number }) => Memory
}

let compiled: object | undefined

/**
 * Memory of a WebAssembly instance, which looks at sixteen bytes at a time and grows without being copied; ordinary memory where
 * the engine has none to give (`node --jitless`, a bound on address space).
 */
export function openJsonMemory(): JsonMemory {
  try {
    compiled ??= new WebAssembly.Module(Buffer.from(JSON_ESCAPE_WASM, 'base64'))
    return new WasmMemory(new WebAssembly.Instance(compiled))
  } catch {
    return new PlainMemory()
  }
}

class WasmMemory implements JsonMemory {
  readonly start = WASM_START
  readonly escape: (start: number, end: number) => number
  bytes: Buffer
  readonly #memory: Memory

  constructor({ exports: { memory, escape } }: Instance) {
    if (!(memory instanceof WebAssembly.Memory && typeof escape === 'function')) throw new TypeError('not the module of json-escape.wat')
    this.#memory = memory
    this.escape = escape as JsonMemory['escape']
    this.bytes = Buffer.from(memory.buffer)
  }

  grow(bytes: number): void {
    this.#memory.grow(Math.ceil((bytes - this.bytes.length) / WASM_PAGE_BYTES))
    this.bytes = Buffer.from(this.#memory.buffer)
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTERS: ReadonlyMap<number, number> = new Map(
  ['\bb', '\tt', '\nn', '\ff', '\rr', '""', '\\\\'].map((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]),
)

/** The same without WebAssembly, a byte at a time. */
export class PlainMemory implements JsonMemory {
  readonly start = 0
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)

  grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(bytes)
    grown.set(this.bytes)
    this.bytes = grown
  }

  escape(start: number, end: number): number {
    const { bytes } = this
    let growth = 0
    for (let at = start; at < end; at++) if (isSpecial(bytes[at] ?? 0)) growth += LETTERS.has(bytes[at] ?? 0) ? 1 : 5
    if (growth === 0) return end
    bytes.copyWithin(start + growth, start, end)
    let to = start
    for (let from = start + growth; from < end + growth; from++) {
      const byte = bytes[from] ?? 0
      if (!isSpecial(byte)) {
        bytes[to++] = byte
        continue
      }
      const letter = LETTERS.get(byte)
      bytes[to++] = BACKSLASH
      if (letter === undefined) to += bytes.write(`u${byte.toString(16).padStart(4, '0')}`, to, 'latin1')
      else bytes[to++] = letter
    }
    return to
  }
}

function isSpecial(byte: number): boolean {
  return byte < 0x20 || byte === QUOTE || byte === BACKSLASH
}
