// A module that is up to something when it is loaded, as its query or environment says.
import http from 'node:http'
import { instrument, startRecorder } from '../../src/sdk/index.ts'

const port = process.env['REPRISE_TEST_PORT']
export const loaded = { answer: 'nothing was asked' }
if (port !== undefined) {
  loaded.answer = await new Promise<string>((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/?key=secret', agent: false }, (response) => {
      response.resume().on('end', () => resolve('answered'))
    })
    request.on('error', (error) => resolve(error.message))
  })
  process.stdout.write(`loaded: ${loaded.answer.slice(0, 8)}\n`)
}
startRecorder()

export const leaky = instrument(async function leaky() {
  return 'done'
})
