export { ATTR, ATTRIBUTE_INLINE_MAX_BYTES, GENAI, MEDIA_TYPE } from './attributes.ts'
