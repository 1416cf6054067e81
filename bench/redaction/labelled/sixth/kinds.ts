import type { Chance } from '../random.ts'

/**
 * What a value looks like: `token` is one word, `url` an address or a connection string, `line` a line that says itself what it is,
 * `block` several lines.
 */
export type Shape = 'token' | 'url' | 'line' | 'block'

/** `secrets` are the parts of `text` that must not remain. */
export type Value = { text: string; secrets: readonly string[] }

export type SecretKind = { name: string; shape: Shape; make: (c: Chance) => Value }

const WHOLE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** As `Chance.fill`, but base64url may begin and end with its two signs, as it does with issuers. */
export const fill = (c: Chance, format: string): string =>
  c.fill(
    format.replace(/\{S([0-9]+)(?:-([0-9]+))?\}/g, (_, low: string, high: string | undefined) =>
      c.run(WHOLE, Number(low) + (high === undefined ? 0 : c.below(Number(high) - Number(low) + 1))),
    ),
  )

export const token = (name: string, make: (c: Chance) => string): SecretKind => ({
  name,
  shape: 'token',
  make: (c) => {
    const text = make(c)
    return { text, secrets: [text] }
  },
})

/** The secret is what stands between `⟨` and `⟩`. */
export const marked = (name: string, shape: Shape, make: (c: Chance) => string): SecretKind => ({
  name,
  shape,
  make: (c) => {
    const text = make(c)
    return { text: text.replace(/[⟨⟩]/g, ''), secrets: [...text.matchAll(/⟨([^⟩]*)⟩/g)].map((match) => match[1]!) }
  },
})

/** Of a block in base64, a line from the midst and one from the end are asked for: the first says only what key it is. */
export const block = (name: string, make: (c: Chance) => string): SecretKind => ({
  name,
  shape: 'block',
  make: (c) => {
    const text = make(c)
    const lines = text.split('\n').filter((line) => line.length > 40 && !/^-|: /.test(line))
    return { text, secrets: [...new Set([lines[lines.length >> 1]!, lines[Math.max(0, lines.length - 2)]!])] }
  },
})

const WORDS = ['amber', 'birch', 'cobalt', 'delta', 'ember', 'fjord', 'garnet', 'harbor', 'indigo', 'juniper', 'kestrel', 'lagoon', 'maple']

export const word = (c: Chance): string => c.pick(WORDS)

export const host = (c: Chance): string =>
  c.pick([
    () => `${c.pick(['db', 'pg', 'cache', 'mq', 'files'])}-${c.below(9) + 1}.${word(c)}-prod.internal`,
    () => `${word(c)}.${c.run('L', 12)}.eu-central-1.rds.amazonaws.com`,
    () => `10.${c.below(250)}.${c.below(250)}.${c.below(250) + 2}`,
    () => `${word(c)}-${word(c)}.postgres.database.azure.com`,
  ])()

export const user = (c: Chance): string => c.pick(['app', 'svc_billing', 'readwrite', 'admin', 'etl', 'deploy', 'reporting', 'web', 'root'])

/** A password as managers draw it or as people make it up, of characters that an address can hold. */
export const urlPassword = (c: Chance): string =>
  c.pick([
    () => c.run('A', 20),
    () => c.run('S', 28),
    () => `${c.run('A', 9)}%21${c.run('A', 5)}%23`,
    () => `${c.run('a', 6)}.${c.run('A', 7)}~${c.run('D', 2)}`,
    () => c.run('L', 16),
  ])()

export const password = (c: Chance): string =>
  c.pick([
    () => c.run('A', 18),
    () => `${c.run('A', 6)}!${c.run('A', 5)}#${c.run('A', 4)}`,
    () => `${c.run('a', 5)}*${c.run('A', 8)}^${c.run('D', 2)}`,
    () => `${c.run('L', 4)}-${c.run('A', 6)}+${c.run('A', 5)}`,
  ])()
