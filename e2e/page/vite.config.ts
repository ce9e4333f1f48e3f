import { defineConfig } from 'vite'

// nothing about workers or WebAssembly: the package must work with Vite as it comes
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: { outDir: '../dist/site', emptyOutDir: true }
})
