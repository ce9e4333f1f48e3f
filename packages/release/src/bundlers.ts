import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { execute } from './execute'
import { ROOT } from './packages'

/** An app with the code of sdk-web's README, as a user of a bundler would write and build it. */
export interface App {
  /** Files by path. */
  readonly files: Readonly<Record<string, string>>
  /** The program that builds it into `dist` (one of its files, or a path in node_modules) and its arguments. */
  readonly build?: readonly [program: string, ...args: string[]]
  /** Files of the published packages that are copied into the app, since a bundler does not follow them. */
  readonly copies?: Readonly<Record<string, string>>
  /** Whether the app has sdk-web in its own node_modules. */
  readonly linked?: boolean
}

const example = (name: string): string => readFileSync(join(ROOT, 'examples/browser', name), 'utf8')
const installed = (...path: string[]): string => join(inject('project'), 'node_modules/@sohu-match', ...path)

/** The first four lines of code in sdk-web's README. */
export const LINES = /```js\n(import [\s\S]*?)```/.exec(
  readFileSync(join(ROOT, 'packages/sdk-web/README.md'), 'utf8')
)![1]!

const page = (body: string): string => `<!doctype html><link rel="icon" href="data:,"><body>${body}</body>\n`
const MODULE = page('<script type="module" src="./main.js"></script>')
const PAIR = { a: '苇溪马拉松三万人开跑', b: '周日早晨，三万名跑者从苇溪体育场出发', task: 'B-ss' }

/** Worker and runtime next to the bundle, for bundlers that do not resolve `new URL('./worker.js', import.meta.url)`. */
const BESIDE = { 'sdk-web/dist/worker.js': 'dist/worker.js', 'sdk-web/dist/ort': 'dist/ort' }

const ELEMENT = `import './match-texts'
import { keepForOffline } from './offline'

const element = document.querySelector('match-texts')!
element.addEventListener('match', (event) => {
  const { score, label } = (event as CustomEvent).detail
  console.log(score, label)
})
element.addEventListener('failure', (event) => console.error((event as CustomEvent).detail))
Object.assign(globalThis, { keepForOffline })
`

const ANGULAR = `import { Component, provideZonelessChangeDetection, signal } from '@angular/core'
import { bootstrapApplication } from '@angular/platform-browser'
import { createMatcher } from '@sohu-match/sdk-web'

@Component({ selector: 'app-root', template: '<p>{{ text() }}</p>' })
class App {
  readonly text = signal('')

  async match(): Promise<void> {
    const matcher = await createMatcher({ model: '/model/', worker: '/sohu-match/worker.js' })
    const { score, label } = await matcher.match('${PAIR.a}', '${PAIR.b}', 'B-ss')
    this.text.set(\`\${score} \${label}\`)
    console.log(score, label)
  }
}

const app = await bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] })
await app.components[0]!.instance.match()
`

const ANGULAR_JSON = {
  version: 1,
  projects: {
    app: {
      projectType: 'application',
      root: '',
      architect: {
        build: {
          builder: '@angular/build:application',
          options: {
            browser: 'main.ts',
            index: 'index.html',
            tsConfig: 'tsconfig.json',
            outputPath: { base: 'dist', browser: '' },
            assets: [{ glob: '**/*', input: 'node_modules/@sohu-match/sdk-web/dist', output: 'sohu-match' }],
            progress: false
          }
        }
      }
    }
  }
}

/** The apps, by name. Next.js has a page and a route: consumers.test.ts. */
export const APPS: Readonly<Record<string, App>> = {
  'Vite, with the web component': {
    files: {
      'index.html': page(
        `<match-texts model="/model/" task="B-ss" a="${PAIR.a}" b="${PAIR.b}"></match-texts><script type="module" src="./main.ts"></script>`
      ),
      'main.ts': ELEMENT,
      'match-texts.ts': example('match-texts.ts'),
      'offline.ts': example('offline.ts'),
      'public/service-worker.js': example('service-worker.js')
    },
    build: ['vite/bin/vite.js', 'build', '--logLevel', 'error']
  },
  webpack: {
    files: {
      'main.js': LINES,
      'dist/index.html': page('<script src="./main.js"></script>'),
      'build.mjs': `import webpack from 'webpack'
const settings = { mode: 'production', context: import.meta.dirname, entry: './main.js', output: { path: import.meta.dirname + '/dist' } }
webpack(settings, (error, stats) => {
  if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'))
})
`
    },
    build: ['build.mjs']
  },
  Rollup: {
    files: { 'main.js': LINES, 'dist/index.html': MODULE },
    build: [
      'rollup/dist/bin/rollup',
      '--silent',
      ...['--plugin', 'node-resolve', '--input', 'main.js', '--file', 'dist/main.js', '--format', 'es']
    ],
    copies: BESIDE
  },
  esbuild: {
    files: { 'main.js': LINES, 'dist/index.html': MODULE },
    build: [
      'esbuild/bin/esbuild',
      'main.js',
      ...['--bundle', '--format=esm', '--minify', '--outfile=dist/main.js', '--log-level=error']
    ],
    copies: BESIDE
  },
  Parcel: {
    files: {
      'main.js': LINES,
      'index.html': MODULE,
      '.parcelrc': JSON.stringify({
        extends: '@parcel/config-default',
        transformers: { '**/sdk-web/dist/ort/*': ['@parcel/transformer-raw'] },
        packagers: { 'ort.*.js': '@parcel/packager-raw' },
        optimizers: { 'ort.*.js': [] }
      })
    },
    build: ['parcel/lib/bin.js', 'build', 'index.html', '--no-cache', '--no-source-maps', '--dist-dir', 'dist']
  },
  "Angular's application builder": {
    files: {
      'main.ts': ANGULAR,
      'index.html': page('<app-root></app-root>'),
      'angular.json': JSON.stringify(ANGULAR_JSON),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          module: 'preserve',
          lib: ['es2022', 'dom'],
          types: [],
          skipLibCheck: true
        },
        files: ['main.ts']
      })
    },
    build: ['@angular-devkit/architect/bin/cli.js', 'app:build'],
    linked: true
  },
  'a plain script, without a bundler': {
    files: {
      'dist/index.html': page(
        `<script type="module">${LINES.replace('@sohu-match/sdk-web', './sohu-match/index.js')}</script>`
      )
    },
    copies: { 'sdk-web/dist': 'dist/sohu-match' }
  },
  'a page of an extension': {
    files: {
      'main.js': LINES,
      'dist/index.html': MODULE,
      'dist/background.js': '',
      'dist/manifest.json': JSON.stringify({
        manifest_version: 3,
        name: 'Match',
        version: '1.0',
        background: { service_worker: 'background.js' },
        content_security_policy: { extension_pages: "script-src 'self' 'wasm-unsafe-eval'; object-src 'self'" }
      })
    },
    build: [
      'esbuild/bin/esbuild',
      'main.js',
      ...['--bundle', '--format=esm', '--outfile=dist/main.js', '--log-level=error']
    ],
    copies: { ...BESIDE, 'model-zh/model': 'dist/model' }
  }
}

/** Writes and builds an app in `folder`, whose parent has the bundlers; returns the folder to serve. Throws with the bundler's output. */
export async function buildApp(folder: string, { files, build, copies = {}, linked }: App): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  if (linked) {
    mkdirSync(join(folder, 'node_modules/@sohu-match'), { recursive: true })
    symlinkSync(installed('sdk-web'), join(folder, 'node_modules/@sohu-match/sdk-web'))
  }
  if (build) {
    const [program, ...args] = build
    const modules = program.startsWith('vite/') ? ROOT : join(folder, '..')
    const path = program in files ? join(folder, program) : join(modules, 'node_modules', program)
    const env = { NG_CLI_ANALYTICS: 'false' }
    const { status, stdout, stderr } = await execute(process.execPath, [path, ...args], { cwd: folder, env })
    if (status !== 0) throw new Error(stdout + stderr)
  }
  for (const [from, to] of Object.entries(copies)) cpSync(installed(from), join(folder, to), { recursive: true })
  return join(folder, 'dist')
}
