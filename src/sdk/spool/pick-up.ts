import { readFrames, type SpoolContent } from './frames.ts'
import type { SpoolFile, SpoolFolder } from './spool-folder.ts'

/** `later`: nobody took it now; `refused`: nobody ever will. */
export type BodyAnswer = 'sent' | 'later' | 'refused'

export interface PickUpLoss {
  readonly reason: 'spool_torn' | 'refused'
  readonly count: number
}

/**
 * Sends what earlier programs left in the spool for the same endpoint, oldest first, one file at a time, until a body is not taken. A file is removed
 * when every body of it is acknowledged; where that breaks off, some are sent again later, under the same span ids.
 */
export async function pickUpSpool(
  { folder, destination }: { readonly folder: SpoolFolder; readonly destination: string },
  send: (body: Uint8Array) => Promise<BodyAnswer>,
): Promise<readonly PickUpLoss[]> {
  const losses: PickUpLoss[] = []
  try {
    const free = folder.list().filter((file) => file.destination === destination && (file.state === 'ready' || file.abandoned))
    if (free.length > 0) folder.check()
    for (const file of free) {
      const own = folder.claim(file)
      if (own === undefined) continue
      if (!(await sendFile(folder, own, send, losses))) break
    }
  } catch {
    // A spool that cannot be read or is not safe to read is left to whoever can do something about it.
  }
  return losses
}

/** @returns whether to go on with the next file */
async function sendFile(
  folder: SpoolFolder,
  file: SpoolFile,
  send: (body: Uint8Array) => Promise<BodyAnswer>,
  losses: PickUpLoss[],
): Promise<boolean> {
  let content: SpoolContent
  try {
    content = readFrames(folder.read(file))
  } catch {
    folder.setAside(file)
    return true
  }
  for (const { body, spans } of content.frames) {
    let answer: BodyAnswer = 'later'
    try {
      answer = await send(body)
      folder.touch(file)
    } catch {
      // Whoever takes it over finds all of it.
    }
    if (answer === 'later') {
      folder.release(file)
      return false
    }
    if (answer === 'refused') losses.push({ reason: 'refused', count: spans })
  }
  const lost = file.spans - content.frames.reduce((sum, { spans }) => sum + spans, 0)
  if (lost > 0 || content.cutBytes > 0) losses.push({ reason: 'spool_torn', count: Math.max(1, lost) })
  folder.remove(file)
  return true
}
