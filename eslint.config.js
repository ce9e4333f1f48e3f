import js from '@eslint/js'
import globals from 'globals'
import tseslint from 'typescript-eslint'

/** A package is imported by its name, never by the path of a file in it: its `exports` are what others may rely on. */
const BY_PATH = {
  regex: '^(\\.\\./)+(packages/)?(core|node|train|export|sdk-node|sdk-web|cli|corpus|testing)/(src|tools|bench)/',
  message: 'Import the package by its name, and add to its "exports" what is missing.'
}

/** Imports go one way: core <- node <- train | export | sdk-node | sdk-web. By package: those that it may import, and npm's packages that it must not. */
const LAYERS = {
  core: [[], ['node:*', '@tensorflow/*', 'onnxruntime-*']], // runs anywhere
  node: [['core'], ['@tensorflow/*', 'onnxruntime-*']],
  corpus: [
    ['core', 'node'],
    ['@tensorflow/*', 'onnxruntime-*']
  ],
  testing: [['core'], ['@tensorflow/*', 'onnxruntime-*']], // so that every package can test with it
  train: [['core', 'node', 'corpus'], ['onnxruntime-web']],
  export: [['core', 'node'], ['@tensorflow/*']],
  'sdk-node': [
    ['core', 'node'],
    ['@tensorflow/*', 'onnxruntime-web']
  ],
  'sdk-web': [['core'], ['node:*', '@tensorflow/*', 'onnxruntime-node']] // runs in browsers
}

const layers = Object.entries(LAYERS).map(([name, [allowed, refused]]) => {
  const group = ['@sohu-match/*', ...allowed.map((one) => `!@sohu-match/${one}`), ...refused]
  const own = allowed.join(', ') || 'none'
  const message = `Of our packages ${name} may import: ${own}. It must not import ${refused.join(', ')}.`
  return {
    files: [`packages/${name}/src/**`],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [BY_PATH, { group, message }] }] }
  }
})

/** Functions that may be longer than 60 lines, by file; whatever else grows past that is two ideas. Take a name out when it is split. */
const LONG_FUNCTIONS = [
  'packages/cli/src/processes/supervisor.ts', // one closure over the processes of a server
  'packages/core/src/matcher/{matcher,scheduler}.ts', // one closure over the state of a queue
  'packages/export/src/graph/onnx-ops.ts', // one entry per primitive, beside each other as in train and core
  'packages/sdk-node/src/pool.ts' // one closure over the workers
]

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'runs/**', 'models/**', '**/test-results/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: { globals: { ...globals.nodeBuiltin, ...globals['shared-node-browser'] } },
    rules: {
      'no-control-regex': 'off',
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }]
    }
  },
  {
    files: [
      '**/*.mjs',
      '**/cli.ts',
      '**/cli/**/*.ts',
      '**/bench/**',
      '**/examples/**',
      'e2e/**',
      'packages/release/**'
    ],
    rules: { 'no-console': 'off' }
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { globals: { ...globals.node, ...globals.commonjs } },
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  },
  { files: ['**/service-worker.js'], languageOptions: { globals: globals.serviceworker } },
  { files: ['packages/**', 'e2e/**'], rules: { 'no-restricted-imports': ['error', { patterns: [BY_PATH] }] } },
  {
    files: ['packages/*/{src,tools,bench}/**', 'scripts/**', 'e2e/**'],
    ignores: ['**/*.{test,spec,check,test-d}.ts', '**/*.test.mjs', ...LONG_FUNCTIONS],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }] }
  },
  ...layers
)
