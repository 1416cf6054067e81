/**
 * The two places in a store's folder that others than the store itself know of, relative to it. A recorded program leaves in
 * the spool what it could not send, and takes the redaction key where there is one, so that a value has one pseudonym.
 */
export const STORE_PLACES = { redactionKey: ['keys', 'redaction.key'], spool: 'spool', quarantine: 'quarantine' } as const
