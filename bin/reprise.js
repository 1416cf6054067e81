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

  // A collector runs for long beside other programs, and its memory is a few large buffers that go from thread to thread. With
  // room for many young objects, an arena of the allocator for each thread, and large blocks kept in them, it would take half as
  // much again. Such things are told to a process when it starts: this one becomes another with the same id, once.
  function tune() {
    var set =
      process.execArgv
        .concat(process.env.NODE_OPTIONS || '')
        .join(' ')
        .indexOf('semi-space-size') >= 0
    if (process.argv[2] !== 'up' || set || typeof process.execve !== 'function' || process.platform === 'win32') return
    var env = Object.assign({ MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '262144' }, process.env)
    try {
      var args = [process.execPath].concat(process.execArgv, '--max-semi-space-size=2', process.argv.slice(1))
      process.execve(process.execPath, args, env)
    } catch (_error) {
      // It runs all the same, and takes more.
    }
  }
  tune()

  // Next to nothing is alive when its threads run out of room for young objects: to wake helpers for that costs more than to do it
  // alone. And what it compiles in the background, it compiles one at a time: else that takes every core from those who answer.
  if (process.argv[2] === 'up') {
    var v8 = process.getBuiltinModule('node:v8')
    v8.setFlagsFromString('--no-parallel-scavenge')
    v8.setFlagsFromString('--concurrent-turbofan-max-threads=1')
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
