import { readFileSync } from 'node:fs'

// src/cli and dist/cli stand equally deep in the package.
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

export const VERSION: string = manifest.version
