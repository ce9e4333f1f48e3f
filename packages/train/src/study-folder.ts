/** Where the studies that ship lie: beside src/ and dist/ alike, which this file is one level below in either. */
export const STUDIES = new URL('../studies/', import.meta.url)
