import { createReadStream, existsSync, statSync } from 'node:fs'
import { join, normalize, resolve } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const ROOT = join(import.meta.dirname, '../../..')

/** The model folder: MODEL, or the result of `npm start`. Throws if there is none. */
function modelFolder(): string {
  const { MODEL, INIT_CWD = '.' } = process.env
  const folders = MODEL
    ? [resolve(INIT_CWD, MODEL)]
    : ['packages/model-zh/model', 'models/demo'].map((name) => join(ROOT, name))
  const found = folders.find((folder) => existsSync(join(folder, 'manifest.json')))
  if (!found) throw new Error(`No model in ${folders.join(' or ')}: run npm start, or name a model folder in MODEL.`)
  return found
}

/** Serves the model folder at ./model/; a missing file is a 404, not the start page. */
function serveModel(): Plugin {
  return {
    name: 'sohu-match-model',
    configureServer(server) {
      const model = modelFolder()
      server.middlewares.use('/model', (request, response) => {
        const file = join(model, normalize('/' + decodeURIComponent(request.url!.split('?')[0]!)))
        if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end()
        response.writeHead(200, { 'content-length': statSync(file).size })
        createReadStream(file).pipe(response)
      })
    }
  }
}

const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [serveModel()],
  optimizeDeps: { exclude: ['@sohu-match/sdk-web'] },
  server: { headers: isolation },
  preview: { headers: isolation }
})
