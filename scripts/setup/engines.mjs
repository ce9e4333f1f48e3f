import { readNote, writeNote } from '../../packages/trainer/setup/places.mjs'
import { isExecutable, run, which } from '../../packages/trainer/setup/run.mjs'
import { say, SetupError, timed } from '../../packages/trainer/setup/say.mjs'
import { hasApt, installFromApt } from './apt.mjs'

/**
 * A browser engine besides Chromium for the end-to-end tests; its paths go to node_modules/.sohu-match/`name`.json. Set-up continues if it
 * cannot be installed, since everything else works without it: the tests in that engine then fail with the reason.
 */
const engine = ({ name, title, packages, find }) => ({
  name: title,

  missing() {
    const note = readNote(name)
    if (!note) return `it has not been found for the end-to-end tests (Debian: apt-get install ${packages.join(' ')})`
    const { version: _, ...files } = note
    const lost = Object.values(files).find((file) => !isExecutable(file))
    return lost && `${lost} is gone`
  },

  ready: () => readNote(name).version,

  async work() {
    let found = await find()
    if (!found && hasApt()) {
      await timed(title, `installing Debian's ${packages.join(', ')} (apt-get)`, () =>
        installFromApt('--no-install-recommends', ...packages)
      )
      found = await find()
    }
    if (found) writeNote(name, found)
    say(title, found?.version ?? 'not installed: the end-to-end tests in it will fail')
  }
})

/** Firefox, driven by WebDriver BiDi. */
export const firefox = engine({ name: 'firefox', title: 'Firefox', packages: ['firefox-esr'], find: findFirefox })

/** WebKitGTK, the engine of Safari, driven by WebKitWebDriver in a window on a virtual screen. */
export const webkit = engine({
  name: 'webkit',
  title: 'WebKitGTK',
  packages: ['webkit2gtk-driver', 'gir1.2-webkit2-4.1', 'python3-gi', 'xvfb'],
  find: findWebKit
})

/** The Firefox of FIREFOX_PATH, otherwise of PATH; undefined if there is none. Throws SetupError if FIREFOX_PATH is not a Firefox. */
export async function findFirefox(env = process.env) {
  const path = env.FIREFOX_PATH ?? which(['firefox-esr', 'firefox'], env.PATH)
  const version = path && (await outputOf(path, ['--version'], /Mozilla Firefox [\d.]+\w*/))
  if (version) return { path, version }
  if (env.FIREFOX_PATH)
    throw new SetupError(`FIREFOX_PATH is ${path}, which is not a Firefox that starts: name one, or unset it.`)
  return undefined
}

/** WebKitGTK's driver, a Python with its bindings, and a virtual screen; undefined if one of them is missing. */
export async function findWebKit(env = process.env) {
  const script = [
    'import gi',
    'gi.require_version("Gtk", "3.0")',
    'gi.require_version("WebKit2", "4.1")',
    'from gi.repository import Gtk, WebKit2',
    'print(f"WebKitGTK {WebKit2.get_major_version()}.{WebKit2.get_minor_version()}.{WebKit2.get_micro_version()}")'
  ].join('\n')
  const driver = which(['WebKitWebDriver'], env.PATH)
  const screen = which(['Xvfb'], env.PATH)
  if (!driver || !screen) return undefined
  for (const python of ['/usr/bin/python3', which(['python3'], env.PATH)]) {
    const version = python && (await outputOf(python, ['-c', script], /WebKitGTK [\d.]+/))
    if (version) return { driver, python, screen, version }
  }
  return undefined
}

async function outputOf(file, args, pattern) {
  if (!isExecutable(file)) return undefined
  const text = await run(file, args).catch(() => '') // a file that does not start does not match
  return pattern.exec(text)?.[0]
}
