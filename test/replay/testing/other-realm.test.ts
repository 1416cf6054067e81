import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { systemCodeOf as ofSpool } from '../../../src/sdk/spool/spool-files.ts'
import { systemCodeOf as ofStore } from '../../../src/store/files/durable.ts'

// In Jest the modules of a test, this package among them, are evaluated in a realm of their own, and Node's errors are of another.
it.each([
  ['store', ofStore],
  ['spool', ofSpool],
])('the %s knows errors of the system by their code, whatever realm they are of', (_name, systemCodeOf) => {
  const error: unknown = runInNewContext("Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' })")
  expect(error).not.toBeInstanceOf(Error)
  expect(systemCodeOf(error)).toBe('ENOENT')
  expect([null, undefined, 'ENOENT', { code: 2 }].map(systemCodeOf)).toEqual([undefined, undefined, undefined, undefined])
})
