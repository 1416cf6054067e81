import { readFileSync } from 'node:fs'
import { RepriseError } from '../schemas/index.ts'
import type { Settings } from './settings.ts'

/**
 * Headers for the forwarding destinations: the file named by `forwardHeadersFile` (`name: value` lines, # comments), else
 * OTEL_EXPORTER_OTLP_HEADERS or the config file. Never a flag: a command line is readable by every user of the machine.
 */
export function readForwardHeaders(settings: Settings): Readonly<Record<string, string>> {
  const { forwardHeadersFile, otlpHeaders } = settings.values
  if (forwardHeadersFile === undefined || forwardHeadersFile === '') return otlpHeaders
  let text: string
  try {
    text = readFileSync(forwardHeadersFile, 'utf8')
  } catch (cause) {
    throw new RepriseError('invalid_option', `forwardHeadersFile: cannot read ${forwardHeadersFile}`, { cause })
  }
  const headers: Record<string, string> = {}
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const found = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:\s*(.*)$/.exec(line)
    // The line itself may hold a secret, so only its number is named.
    if (found === null) throw new RepriseError('invalid_option', `${forwardHeadersFile}: line ${index + 1}: expected "name: value"`)
    headers[found[1]!.toLowerCase()] = found[2]!
  }
  return headers
}
