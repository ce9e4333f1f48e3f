/** This file is one level below the package, as the bundle is. */
export const PRESETS = new URL('../presets/', import.meta.url)

/** Descriptions for `--help`. */
export const PRESET_USES: Readonly<Record<string, string>> = {
  'model-zh': 'few labels or many texts: a bi-encoder from public weights, with --init bge-small-zh-v1.5',
  'bge-small': 'many labels on long texts: a bi-encoder from public weights, with --init bge-small-zh-v1.5',
  'bge-small-pairs': 'the same as a cross-encoder, which reads both texts together',
  'model-zh-small': 'a small download: a student that is distilled from model-zh (npx nx run model-zh:small)',
  smoke: 'to see training work, in minutes',
  'sohu-tiny': 'from scratch on two CPU cores',
  'news-small': 'from scratch on long news, in less than 20 minutes on two cores',
  'sohu-small': 'from scratch with more time or a GPU',
  'sohu-base': 'the original recipe, with --init and public RoFormer weights; a GPU'
}
