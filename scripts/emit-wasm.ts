// Assembles src/sdk/export/json-escape.wat into the TypeScript file that holds its bytes. With --check it writes nothing and exits 1
// when that file is not current.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installTools, toolFile } from './tool.ts'

const folder = fileURLToPath(new URL('../src/sdk/export/', import.meta.url))
const target = join(folder, 'json-escape-wasm.ts')

function assemble(): Uint8Array {
  const scratch = mkdtempSync(join(tmpdir(), 'reprise-wasm-'))
  try {
    const output = join(scratch, 'json-escape.wasm')
    const args = [toolFile('wat2wasm'), join(folder, 'json-escape.wat'), '-o', output]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return readFileSync(output)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

installTools()
const text = Buffer.from(assemble()).toString('base64')
const lines = (text.match(/.{1,120}/g) ?? []).map((line) => `  '${line}'`)
const current = `// Written by scripts/emit-wasm.ts from json-escape.wat.
export const JSON_ESCAPE_WASM: string = [
${lines.join(',\n')},
].join('')
`
if (!process.argv.includes('--check')) writeFileSync(target, current)
else if (readFileSync(target, 'utf8') !== current) {
  console.error('src/sdk/export/json-escape-wasm.ts is not current; run: npm run wasm')
  process.exitCode = 1
}
