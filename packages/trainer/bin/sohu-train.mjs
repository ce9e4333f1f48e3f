#!/usr/bin/env node
import { existsSync } from 'node:fs'

const clone = new URL('../../../scripts/quiet-build.mjs', import.meta.url)
const args = process.argv.slice(2)

if (args[0] === 'setup') {
  await (await import('../setup/main.mjs')).main(args.slice(1))
} else {
  if (existsSync(clone)) (await import(clone.href)).buildTrainer()
  await import('../dist/lib/cli.js')
}
