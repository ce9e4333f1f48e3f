/** The model's folder: give it to `createMatcher({ model })`. */
export const model = new URL('./model/', import.meta.url)
