import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let parent: string | undefined

/** Vitest ends its workers by a signal, so that they remove nothing: what they make is in a folder of the process that started them. */
export function setup(): void {
  parent = mkdtempSync(join(tmpdir(), 'reprise-tests-'))
  process.env['TESTS_TEMPORARY_FOLDER'] = parent
}

export function teardown(): void {
  if (parent !== undefined) rmSync(parent, { recursive: true, force: true, maxRetries: 5 })
}
