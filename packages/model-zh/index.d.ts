/** The model's folder: give it to `createMatcher({ model })`. */
export declare const model: URL
