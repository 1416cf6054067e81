import { type FetchBody, KeptBytes } from './fetch-request.ts'
import type { RequestBody } from './request.ts'

/** What is sent, as far as it has come by; `instead` where another body is to be sent that tells of it. */
export function watchBody(body: FetchBody, maxBytes: number): { read(): RequestBody; readonly instead?: unknown } {
  if (body.how === 'known') return { read: () => body.value }
  if (body.how === 'copy') {
    let found: RequestBody
    // What cannot be read here cannot be sent either.
    void body.read(maxBytes).then(
      (value) => {
        found = value
      },
      () => {},
    )
    return { read: () => found }
  }
  const kept = new KeptBytes(maxBytes)
  const { source } = body
  return {
    read: () => kept.bytes(),
    instead: source instanceof ReadableStream ? watchedStream(source, kept) : watchedIterable(source, kept),
  }
}

function watchedStream(source: ReadableStream<Uint8Array>, kept: KeptBytes): ReadableStream<unknown> {
  if (source.locked) return source
  const watch = new TransformStream<Uint8Array, Uint8Array>(
    {
      transform(chunk, controller) {
        kept.add(chunk)
        controller.enqueue(chunk)
      },
    },
    undefined,
    { highWaterMark: 0 },
  )
  return source.pipeThrough(watch)
}

async function* watchedIterable(source: AsyncIterable<unknown>, kept: KeptBytes): AsyncGenerator<unknown> {
  for await (const chunk of source) {
    kept.add(chunk)
    yield chunk
  }
}

/** Reads a body that nobody sends. */
export async function readWhole(body: Exclude<FetchBody, { how: 'known' }>, maxBytes: number): Promise<RequestBody> {
  if (body.how === 'copy') return await body.read(maxBytes)
  const kept = new KeptBytes(maxBytes)
  for await (const chunk of body.source) kept.add(chunk)
  return kept.bytes()
}
