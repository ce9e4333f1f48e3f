// Every relative link of the Markdown pages must lead to a file, its anchor to a heading, and every path in code must exist.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8'
})
  .split('\n')
  .filter(Boolean)

it('finds the pages', () => {
  for (const page of [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/architecture.md',
    'docs/deploying.md',
    'docs/troubleshooting.md',
    'packages/sdk-web/README.md'
  ]) {
    assert.ok(pages.includes(page), page)
  }
})

for (const page of pages) {
  it(`${page} has no broken links`, () => {
    assert.deepEqual(
      linksOf(page).filter((link) => !leadsSomewhere(page, link)),
      []
    )
  })

  if (page !== 'CHANGELOG.md') {
    it(`${page} names files that exist`, () => {
      assert.deepEqual(
        pathsIn(page).filter(
          (file) => !existsSync(path.resolve(ROOT, file)) && !existsSync(path.resolve(ROOT, path.dirname(page), file))
        ),
        []
      )
    })
  }
}

/** Paths in inline code, relative to the root or to the page's package; no patterns, and no build outputs. */
function pathsIn(page) {
  const text = readFileSync(path.join(ROOT, page), 'utf8').replace(/^ *```[^]*?^ *```/gm, '')
  return [...text.matchAll(/`((?:packages|docs|scripts|examples|e2e|src|tools|bench)\/[\w./-]+)(?::\d+)?`/g)]
    .map(([, file]) => file)
    .filter((file) => !/\/dist\/|\/node_modules\//.test(file))
}

/** Targets of links and images outside code, without external ones. */
function linksOf(page) {
  const text = readFileSync(path.join(ROOT, page), 'utf8')
    .replace(/^```[^]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '`code`')
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link))
}

function leadsSomewhere(page, link) {
  const [file, anchor] = link.split('#')
  const target = file ? path.resolve(ROOT, path.dirname(page), file) : path.join(ROOT, page)
  if (!existsSync(target)) return false
  return anchor === undefined || (statSync(target).isFile() && anchorsOf(target).includes(anchor))
}

/** GitHub's anchors of headings: lower case, without punctuation, spaces as hyphens. */
function anchorsOf(file) {
  const text = readFileSync(file, 'utf8').replace(/^```[^]*?^```/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
  )
}
