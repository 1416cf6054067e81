/** Canonical JSON lines in one group. */
export const GROUP_MAX_BYTES: number = 8 * 1024 * 1024
/** One line, its end included, must fit in a group. */
export const RECORD_MAX_BYTES: number = GROUP_MAX_BYTES - 1
/** A segment or a pack is closed once it holds this much. */
export const SEGMENT_ROLL_BYTES: number = 64 * 1024 * 1024
/** Payloads above this are files of their own. */
export const PACKED_MAX_BYTES: number = 1024 * 1024
export const QUEUE_MAX_BYTES: number = 64 * 1024 * 1024
/** The media type in a blob's header; a longer one stands in the record alone. */
export const MEDIA_TYPE_MAX_BYTES = 255
export const PAGE_MAX = 1000
