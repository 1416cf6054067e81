// `node --import reprise/register app.js`: the hooks on time and chance stand before any module of the program takes a reference to
// what they replace (docs/replay-effects.md).
import './index.ts'
