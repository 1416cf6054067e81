import { currentEffects } from './effects.ts'
import { replace } from './hooks-clock.ts'
import { nodeCrypto, real } from './real.ts'

type Uuid = `${string}-${string}-${string}-${string}-${string}`

export function hookRandom(): void {
  const { random } = {
    random(): number {
      return currentEffects()?.random() ?? real.random()
    },
  }
  replace(Math, 'random', random)
}

/** `crypto.randomUUID` of node:crypto and of the web's. */
export function hookUuid(): void {
  const { randomUUID } = {
    randomUUID(options?: { disableEntropyCache?: boolean }): Uuid {
      const uuid = currentEffects()?.uuid()
      // Node's own says what is wrong with an option.
      if (uuid !== undefined && options !== undefined) real.nodeRandomUUID(options)
      return uuid === undefined ? real.nodeRandomUUID(options) : (uuid as Uuid)
    },
  }
  replace(nodeCrypto, 'randomUUID', randomUUID)
  const web = {
    randomUUID(): Uuid {
      return (currentEffects()?.uuid() as Uuid | undefined) ?? real.webRandomUUID()
    },
  }
  replace(globalThis.crypto, 'randomUUID', web.randomUUID)
}

/**
 * What may be a key: `getRandomValues`, and node:crypto's functions for random bytes. Kept only where a user asked for it; otherwise a
 * read is counted, since a replay gives other bytes.
 */
export function hookBytes(): void {
  const web = globalThis.crypto
  const getRandomValues = web.getRandomValues.bind(web) as (array: unknown) => unknown
  const replacement = {
    getRandomValues(array: unknown): unknown {
      const effects = currentEffects()
      const filled = getRandomValues(array)
      if (effects === undefined || !ArrayBuffer.isView(array)) return filled
      const target = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
      if (!effects.bytes(target)) effects.tookBytes(target)
      return filled
    },
  }
  replace(web, 'getRandomValues', replacement.getRandomValues)
  hookRandomBytes()
  hookFill()
  hookInt()
}

function hookRandomBytes(): void {
  const { randomBytes } = nodeCrypto
  const replacement = {
    randomBytes(size: number, callback?: (error: Error | null, bytes: Buffer) => void): unknown {
      const effects = currentEffects()
      if (effects === undefined) return callback === undefined ? randomBytes(size) : randomBytes(size, callback)
      if (callback !== undefined) {
        effects.unkept('bytes')
        return randomBytes(size, callback)
      }
      const bytes = randomBytes(size)
      if (!effects.bytes(bytes)) effects.tookBytes(bytes)
      return bytes
    },
  }
  replace(nodeCrypto, 'randomBytes', replacement.randomBytes)
}

function hookFill(): void {
  const { randomFillSync } = nodeCrypto
  const replacement = {
    randomFillSync(buffer: NodeJS.ArrayBufferView, offset?: number, size?: number): unknown {
      const effects = currentEffects()
      const filled = randomFillSync(buffer, offset, size)
      if (effects === undefined || !ArrayBuffer.isView(buffer)) return filled
      const unit = 'BYTES_PER_ELEMENT' in buffer ? Number(buffer.BYTES_PER_ELEMENT) : 1
      const start = (offset ?? 0) * unit
      const length = size === undefined ? buffer.byteLength - start : size * unit
      const target = new Uint8Array(buffer.buffer, buffer.byteOffset + start, length)
      if (!effects.bytes(target)) effects.tookBytes(target)
      return filled
    },
  }
  replace(nodeCrypto, 'randomFillSync', replacement.randomFillSync)
}

/** Others are counted alone. */
function hookInt(): void {
  for (const name of ['randomInt', 'randomFill', 'generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync'] as const) {
    const original: unknown = Reflect.get(nodeCrypto, name)
    if (typeof original !== 'function') continue
    const replacement = {
      [name](this: unknown, ...args: unknown[]): unknown {
        currentEffects()?.unkept('bytes')
        return Reflect.apply(original, this, args)
      },
    }[name]
    replace(nodeCrypto, name, replacement)
  }
}
