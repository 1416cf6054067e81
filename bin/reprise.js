#!/usr/bin/env node
// Parses on any Node there ever was, so that an old one gets a sentence instead of a syntax error: `var` and functions,
// and `import()` inside a string that only a new enough Node compiles.
;(function () {
  var NEEDED = '22.20.0'

  function isOlder(found, needed) {
    var a = found.split('.')
    var b = needed.split('.')
    for (var i = 0; i < 3; i++) {
      if (Number(a[i]) !== Number(b[i])) return Number(a[i]) < Number(b[i])
    }
    return false
  }

  if (isOlder(process.versions.node, NEEDED)) {
    console.error('reprise needs Node ' + NEEDED + ' or newer; this is Node ' + process.versions.node + ' (' + process.execPath + ').')
    console.error('Inside a project that has it, `npx reprise` and npm scripts use the Node that came with `npm install node@24`.')
    process.exit(1)
  }

  // node:sqlite announces itself as experimental on some of the versions we accept; a user of the command can do nothing about that.
  var emitWarning = process.emitWarning
  process.emitWarning = function (warning, options) {
    var type = options && typeof options === 'object' ? options.type : options
    if (type === 'ExperimentalWarning' && /sqlite/i.test(String(warning && warning.message ? warning.message : warning))) return
    emitWarning.apply(process, arguments)
  }

  function explain(error) {
    var missing = error && error.code === 'ERR_MODULE_NOT_FOUND' && /\/dist\/cli\/main\.js$/.test(String(error.url))
    console.error(missing ? 'reprise is not built here: run `npm run build` in its folder first.' : error)
    process.exit(1)
  }

  new Function('return import("../dist/cli/main.js")')().catch(explain)
})()
