import { defineConfig } from 'tsup'
import { writeRuntimeFiles } from './tools/runtime-files'

export default defineConfig(async () => {
  const runtime = await writeRuntimeFiles('dist/ort')
  return {
    entry: { index: 'src/index.ts', worker: 'src/worker/worker.ts' },
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    splitting: false, // the worker must be one file: bundlers may turn it into a classic script
    minify: 'terser', // 5 % fewer bytes over the network than esbuild's
    terserOptions: {
      module: true,
      ecma: 2020,
      compress: { passes: 2 },
      format: { comments: /webpackIgnore|@vite-ignore/ }
    },
    metafile: true, // names what is bundled: NOTICE is checked against it
    noExternal: [/.*/],
    // core is private: its types are bundled from its source
    dts: {
      entry: { index: 'src/index.ts' },
      banner: '/// <reference lib="esnext.disposable" />', // AsyncDisposable, whatever the user's `lib`
      compilerOptions: { ignoreDeprecations: '6.0', paths: { '@sohu-match/core': ['../core/src/index.ts'] } }
    },
    define: { ORT_RUNTIME: JSON.stringify(runtime) }
  }
})
