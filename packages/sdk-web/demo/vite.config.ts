import { createReadStream, existsSync, statSync } from 'node:fs'
import { join, normalize, resolve } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

/** The model folder that the page shows: MODEL, or the installable demo model. */
const model = resolve(
  process.env.INIT_CWD ?? '.',
  process.env.MODEL ?? join(import.meta.dirname, '../../model-demo/model')
)

/** Serves the model folder at ./model/; a file that it lacks is a 404, not the start page. */
function serveModel(): Plugin {
  return {
    name: 'sohu-match-model',
    configureServer(server) {
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
