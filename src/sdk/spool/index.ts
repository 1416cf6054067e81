// What the collector needs to take in what programs left behind. A door of its own: it loads nothing of the recorder.
export { FRAME_BODY_MAX_BYTES, readFrames, type SpoolContent, type SpoolFrame } from './frames.ts'
export { type SpoolFile, SpoolFolder } from './spool-folder.ts'
