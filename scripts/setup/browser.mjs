import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { readNote, writeNote } from '../../packages/trainer/setup/places.mjs'
import { hasApt, installFromApt } from './apt.mjs'
import { ROOT } from './root.mjs'
import { isExecutable, run, which } from '../../packages/trainer/setup/run.mjs'
import { SetupError, timed } from '../../packages/trainer/setup/say.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Chromium for the end-to-end tests; its path goes to node_modules/.sohu-match/browser.json. */
export const browser = {
  name: 'browser',

  missing() {
    const note = readNote('browser')
    if (!note) return 'no Chromium has been chosen for the end-to-end tests'
    if (process.env.CHROME_PATH && process.env.CHROME_PATH !== note.path)
      return `CHROME_PATH is now ${process.env.CHROME_PATH}`
    return isExecutable(note.path) ? undefined : `${note.path} is gone`
  },

  ready: () => `${readNote('browser').version} at ${readNote('browser').path}`,

  async work() {
    await timed('browser', 'looking for Chromium', async () => {
      const found = await findBrowser()
      if (found) writeNote('browser', found)
      return found ? browser.ready() : 'none found'
    })
    if (!browser.missing()) return
    if (hasApt()) await timed('browser', "installing Debian's chromium (apt-get)", () => installFromApt('chromium'))
    if (!(await findBrowser())) await timed('browser', "installing Playwright's Chromium", installFromPlaywright)
    const found = await findBrowser()
    if (!found)
      throw new SetupError(
        'No Chromium could be installed for the end-to-end tests: install one (Debian: apt-get install chromium) or name its file in CHROME_PATH.'
      )
    writeNote('browser', found)
  }
}

/** The first Chromium that starts: CHROME_PATH, then PATH, then Playwright's own. Throws SetupError if CHROME_PATH is not one. */
export async function findBrowser(env = process.env) {
  if (env.CHROME_PATH) {
    const version = await versionOf(env.CHROME_PATH)
    if (!version)
      throw new SetupError(
        `CHROME_PATH is ${env.CHROME_PATH}, which is not a browser that starts: set it to a Chromium or Chrome executable, or unset it.`
      )
    return { path: env.CHROME_PATH, version }
  }
  for (const file of [...NAMES.map((name) => which([name], env.PATH)), playwrightsOwn()]) {
    const version = file && (await versionOf(file))
    if (version) return { path: file, version }
  }
  return undefined
}

/** Ubuntu's `chromium-browser` may be a stub for a snap, so a file counts only if it prints its version. */
async function versionOf(file) {
  if (!isExecutable(file)) return undefined
  const text = await run(file, ['--version']).catch(() => '')
  return /^(Chromium|Google Chrome)[^\n]*\d/m.exec(text)?.[0].split(' built on')[0].trim()
}

function playwrightsOwn() {
  try {
    const file = createRequire(path.join(ROOT, 'e2e', 'package.json'))('@playwright/test').chromium.executablePath()
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

async function installFromPlaywright() {
  const cli = path.join(
    path.dirname(createRequire(path.join(ROOT, 'e2e', 'package.json')).resolve('@playwright/test/package.json')),
    'cli.js'
  )
  try {
    await run(process.execPath, [cli, 'install', 'chromium'])
    return undefined
  } catch (error) {
    return `not possible: ${error.message.split('\n').at(-1)}`
  }
}
