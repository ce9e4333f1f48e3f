import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Root of the repository. */
export const ROOT = join(import.meta.dirname, '../..')

/** Outputs of the set-up: checkpoint, model, pages, expected results. */
export const WORK = join(ROOT, 'e2e/dist')

/** The model folder that every test loads. */
export const MODEL = join(WORK, 'model')

/** A bi-encoder with random weights, and its vectors according to the Node SDK. */
export const VECTOR_MODEL = join(WORK, 'vector-model')
export const EXPECTED_VECTORS = join(WORK, 'expected-vectors.json')

/** The published model, made by its short recipe (or the one in ZH_MODEL), pairs of its corpus, and their results according to the Node SDK. */
export const ZH_MODEL = process.env.ZH_MODEL ?? join(ROOT, 'packages/model-zh/model-short')
export const ZH_PAIRS = join(WORK, 'zh-pairs')
export const EXPECTED_ZH = join(WORK, 'expected-zh.json')

/** A model with a match task and tasks with labels and a score, and its answers according to the Node SDK. */
export const LABEL_MODEL = join(WORK, 'label-model')
export const EXPECTED_ANSWERS = join(WORK, 'expected-answers.json')

/** What the package publishes. */
export const PACKAGE = join(ROOT, 'packages/sdk-web/dist')

/** The page with the public API, the demo page, and the results of the Node SDK. */
export const SITE = join(WORK, 'site')
export const DEMO = join(WORK, 'demo')
export const EXPECTED = join(WORK, 'expected.json')

/** The Chromium that `npm run setup -- --browser` chose, or CHROME_PATH. Throws if there is none: a browser test without a browser must not pass. */
export function chromePath(): string {
  return existing('Chromium', process.env.CHROME_PATH ?? noted('browser').path, 'CHROME_PATH')
}

/** Likewise Firefox, or FIREFOX_PATH. */
export function firefoxPath(): string {
  return existing('Firefox', process.env.FIREFOX_PATH ?? noted('firefox').path, 'FIREFOX_PATH')
}

/** Likewise WebKitGTK: its driver, a Python that has its bindings, and a virtual screen. */
export function webkitPaths(): { readonly driver: string; readonly python: string; readonly screen: string } {
  const { driver, python, screen } = noted('webkit')
  return {
    driver: existing("WebKitGTK's driver", driver),
    python: existing("Python with WebKitGTK's bindings", python),
    screen: existing('Xvfb', screen)
  }
}

/** The paths that set-up recorded for a browser; empty if it has not chosen one. */
function noted(name: string): Readonly<Record<string, string | undefined>> {
  const note = join(ROOT, `node_modules/.sohu-match/${name}.json`)
  return existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as Record<string, string>) : {}
}

function existing(what: string, path: string | undefined, variable?: string): string {
  if (path && existsSync(path)) return path
  const other = variable ? `, or set ${variable}` : ''
  throw new Error(
    `No ${what}${path ? ` at ${path}` : ''} for the end-to-end tests; run: npm run setup -- --browser${other}.`
  )
}
