// Forms in the browser: compile a definition once, fill it at every change, hand in what answersOf says. A page that fills
// in forms imports from here.
export { compile } from "./definition.js";
export { fill, answersOf } from "./fill.js";
