import { createRequire, moduleUrl } from '../module-url.ts'
import type { OtlpWriter, OtlpWriterOptions } from './otlp-writer.ts'

type Module = { OtlpWriter: new (options: OtlpWriterOptions) => OtlpWriter }

// The sources run unbuilt; in the package the file has the name that the compiler gave it.
const HERE = moduleUrl(import.meta.url)
const UNBUILT = HERE.endsWith('.ts')

/**
 * What makes spans for any OTLP backend, at once, for a process that exits before it has ever sent.
 * @throws where a bundler has put it elsewhere
 */
export function openOtlpWriterNow(options: OtlpWriterOptions): OtlpWriter {
  const require = createRequire(HERE)
  const { OtlpWriter: Writer }: Module = UNBUILT ? require('./otlp-writer.ts') : require('./otlp-writer.js')
  return new Writer(options)
}
