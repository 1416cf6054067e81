import { answer } from './agent.ts'
import { startModelServer } from './model-server.ts'

// Without OPENAI_BASE_URL the example brings its own model server and stops it at the end.
const own = process.env['OPENAI_BASE_URL'] === undefined ? await startModelServer() : undefined
if (own !== undefined) process.env['OPENAI_BASE_URL'] = own.url

const question =
  process.argv[2] ??
  'What does the collector do before it acknowledges a span? Please look up the state of order R-1042 too and open an urgent ticket ' +
    'so that a human of the support team answers: write to ana.lopez@northwind-labs.com, our key is sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt.'

try {
  const { text, sources, toolsUsed } = await answer({ question })
  console.log(text)
  console.log(`tools used: ${toolsUsed.join(', ') || 'none'}; sources: ${sources.join(', ')}`)
} finally {
  await own?.close()
}
