// Makes the folder to build the image in: node examples/docker/context.mjs MODEL_FOLDER [OUT]
// It holds the Dockerfile, compose.yaml, the model, and the packages as npm would publish them: build them first (npm run build).
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [model, out = 'docker-context'] = process.argv.slice(2)
if (!model) throw new Error('Name a model folder: node examples/docker/context.mjs MODEL_FOLDER [OUT]')
const here = import.meta.dirname
const packages = join(here, '../../packages')

mkdirSync(out) // throws if the folder exists, so that two builds are never mixed
for (const name of ['sdk-node', 'cli'])
  execFileSync('npm', ['pack', '--silent', '--pack-destination', resolve(out)], { cwd: join(packages, name) })
for (const file of ['Dockerfile', 'compose.yaml']) cpSync(join(here, file), join(out, file))
cpSync(model, join(out, 'model'), { recursive: true, dereference: true })
console.log(`Now: cd ${out} && docker compose up`)
