// Writes the table of options into README.md between its markers; `--check` exits 1 when the table there is not current.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { OPTION_KEYS, OPTIONS } from '../src/schemas/index.ts'

const README = fileURLToPath(new URL('../README.md', import.meta.url))
const BEGIN = '<!-- options:begin -->'
const END = '<!-- options:end -->'

export function optionTable(): string {
  const rows = OPTION_KEYS.map((key) => {
    const { env, doc, default: fallback } = OPTIONS[key]
    const shown = fallback === undefined || (typeof fallback === 'object' && fallback !== null) ? '' : `\`${String(fallback)}\``
    return `| \`${key}\` | ${env.map((name) => `\`${name}\``).join(', ')} | ${shown} | ${doc} |`
  })
  return ['| key | environment | default | |', '|---|---|---|---|', ...rows].join('\n')
}

/** The README with a current table. Throws when it has no markers. */
export function withOptionTable(readme: string): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`README.md: expected ${BEGIN} before ${END}`)
  return `${readme.slice(0, begin + BEGIN.length)}\n${optionTable()}\n${readme.slice(end)}`
}

if (import.meta.main) {
  const readme = readFileSync(README, 'utf8')
  const current = withOptionTable(readme)
  if (!process.argv.includes('--check')) writeFileSync(README, current)
  else if (current !== readme) {
    console.error('README.md: the table of options is not current; run: npm run schemas')
    process.exitCode = 1
  }
}
