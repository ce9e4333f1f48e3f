import { defineConfig } from 'vite'

// no settings for workers or WebAssembly: the package must work with Vite's defaults
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: { outDir: '../dist/site', emptyOutDir: true }
})
