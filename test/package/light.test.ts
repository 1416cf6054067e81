import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/run-process.ts'

const root = new URL('../..', import.meta.url)

type Loaded = { readonly packages: string[]; readonly rooms: string[]; readonly builtins: string[] }

/** What Node loads, before it runs any of it, for `import specifier` in a program of its own. */
async function loadedBy(specifier: string): Promise<Loaded> {
  const program = `
    import { registerHooks } from 'node:module'
    const urls = []
    registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) })
    await import(${JSON.stringify(specifier)})
    console.log(JSON.stringify(urls))`
  const { code, stdout, stderr } = await runNode(['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program], {
    cwd: fileURLToPath(root),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const urls = JSON.parse(stdout) as string[]
  const found = (pattern: RegExp): string[] =>
    [...new Set(urls.flatMap((url) => pattern.exec(url.replace(root.href, '/'))?.[1] ?? []))].sort()
  return { packages: found(/.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//), rooms: found(/^\/dist\/([^/]+)\//), builtins: found(/^node:(.+)/) }
}

describe('what a recorded program loads at its start', () => {
  test('is no more than this', async () => {
    const { packages, rooms, builtins } = await loadedBy('reprise')
    // Validators, the HTTP client and the standard exporter come with their first use, or never: decision 0105.
    expect(packages).toEqual(['@opentelemetry/api', 'msgpackr'])
    expect(rooms).toEqual(['adapters', 'otlp', 'schemas', 'sdk'])
    expect(builtins).toContain('async_hooks')
    expect(builtins.filter((name) => /^(sqlite|https?|http2|net|tls|zlib|child_process)$/.test(name))).toEqual([])
  })

  test('and a replay needs neither the store nor the validators', async () => {
    const { packages, rooms, builtins } = await loadedBy('reprise/replay')
    expect(packages).toEqual(['@noble/hashes', '@opentelemetry/api', 'msgpackr'])
    expect(rooms).toEqual(['adapters', 'otlp', 'redaction', 'replay', 'schemas', 'sdk'])
    expect(builtins.filter((name) => /^(sqlite|https?|http2|tls)$/.test(name))).toEqual([])
  })

  test('would show here if it were', async () => {
    expect((await loadedBy('reprise/schemas')).packages).toContain('zod')
    expect((await loadedBy('undici')).builtins).toContain('net')
  })
})

test('on a Node that is too old, a program is told which one is needed', async () => {
  // Lacking what came with it.
  const older = 'data:text/javascript,import util from "node:util"; delete util.getCallSites'
  const { code, stderr } = await runNode(['--import', older, '--input-type=module', '--eval', "await import('reprise')"], {
    cwd: fileURLToPath(root),
  })
  expect(code).toBe(1)
  expect(stderr).toContain(`Error: reprise needs Node 22.20.0 or newer; this is Node ${process.versions.node} (`)
})
