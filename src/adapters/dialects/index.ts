// Other people's forms, read into the canonical one: provider requests and replies, and foreign span conventions. Pure.
export { type Classification, classifyForeignSpan, type ForeignSpan } from './classify.ts'
export { isContentAttribute } from './content-keys.ts'
export { deriveGenAiContent, deriveGenAiScalars } from './derive.ts'
export { isMetadataAttribute } from './metadata-keys.ts'
export type { DerivableStep } from './step.ts'
