// What the collector needs to take in what programs left behind. A door of its own: it loads nothing of the recorder.

export { loadDetectors } from './detector-modules.ts'
export { readFrames, type SpoolContent } from './frames.ts'
export { readPolicyFile } from './policy-file.ts'
export { type SpoolFile, SpoolFolder } from './spool-folder.ts'
