import util from 'node:util'

// The first module of this room to run. An older Node would otherwise stop at the first thing that it does not have, by its name.
if (!('getCallSites' in util))
  throw new Error(`reprise needs Node 22.20.0 or newer; this is Node ${process.versions.node} (${process.execPath})`)
