// A program that loads node:http2 while it runs, in a process that has not loaded that before. `late-http2-program.ts record ENDPOINT URL`
// records it, `late-http2-program.ts replay RECORDING` replays it and prints what came of it.
import { flush, instrument, startRecorder } from '../../../src/sdk/index.ts'

export const lateHttp2 = instrument(async function lateHttp2(url = '') {
  const { connect } = await import('node:http2')
  const session = connect(url)
  const texts: string[] = []
  for (const path of ['/first', '/second']) {
    let text = ''
    for await (const part of session.request({ ':path': path }).setEncoding('utf8')) text += part as string
    texts.push(text)
  }
  session.close()
  return texts
})

const isLoaded = (): boolean => (process as { moduleLoadList?: string[] }).moduleLoadList?.includes('NativeModule http2') === true

if (process.argv[1] === import.meta.filename) {
  const [task = '', place = '', url = ''] = process.argv.slice(2)
  const before = isLoaded()
  if (task === 'record') {
    startRecorder({ endpoint: place, exporter: 'reprise', wire: true })
    await lateHttp2(url)
    await flush()
    console.log(JSON.stringify({ before }))
  } else {
    const { loadRecording, replay } = await import('../../../src/replay/index.ts')
    const { label, counts } = await replay(await loadRecording(place), lateHttp2, { serve: 'wire' })
    console.log(JSON.stringify({ before, label, served: counts.served }))
  }
}
