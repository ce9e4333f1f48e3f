#!/usr/bin/env node
// npm run demo: builds the browser SDK and serves its demo page; MODEL names a model folder other than npm start's.
import { quietBuild } from './quiet-build.mjs'
import { run } from './run.mjs'

process.chdir(new URL('..', import.meta.url).pathname)
console.log('Building the page …')
quietBuild('sdk-web')
process.chdir('packages/sdk-web')
run(
  process.execPath,
  '../../node_modules/vite/bin/vite.js',
  'demo',
  '--config',
  'demo/vite.config.ts',
  ...process.argv.slice(2)
)
