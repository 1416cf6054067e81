import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { systemCodeOf as ofSpool } from '../../../src/sdk/spool/spool-files.ts'
import { systemCodeOf as ofStore } from '../../../src/store/files/durable.ts'
import { finish } from '../../cli/run-cli.ts'
import { temporaryFolder } from '../temporary-folder.ts'

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

it('a run is recorded and replayed among the globals of a window', async () => {
  const program = fileURLToPath(new URL('window-program.ts', import.meta.url))
  const file = join(await temporaryFolder(), 'window.test.ts')
  const server = createServer((_request, response) => void response.end('h\u00e9llo'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  for (const update of ['new', 'none']) {
    const { stdout, stderr } = await finish(spawn(process.execPath, ['--conditions=reprise-source', program, file, update, url]))
    expect({ stdout, errors: stderr.replaceAll(/.*Warning.*\n/g, '') }).toEqual({
      stdout: `${JSON.stringify(['h\u00e9llo', 'tick', 'tick', 'tick', 'tick', 'tick', 'c', 'a', 'b'])}\n`,
      errors: '',
    })
    server.close()
  }
})
